// AWS Systems Manager Parameter Store: plain facts that one stack leaves for another, and SecureString values under KMS.

import type {
  DeleteParameterCommandInput,
  GetParameterCommandInput,
  GetParameterCommandOutput,
  GetParametersByPathCommandInput,
  GetParametersByPathCommandOutput,
  GetParametersCommandInput,
  GetParametersCommandOutput,
  Parameter as ParameterOutput,
  PutParameterCommandInput,
  PutParameterCommandOutput,
} from "@aws-sdk/client-ssm";
import { AwsError, notImplemented, required } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import { ssmResourceTypes } from "../deploy/resources/ssm.ts";
import { page } from "../page.ts";
import { openForCaller, sealForCaller } from "../sealed-storage.ts";
import type { Call, Environment, Operation, Permission, Service } from "../service.ts";
import { notFound, type Parameter, Parameters, type ParameterVersion } from "./ssm/parameters.ts";

export interface Ssm {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** The value of a String or StringList parameter, for a template's `AWS::SSM::Parameter::Value<…>`; throws `ParameterNotFound`. Asks nobody. */
  readParameter(name: string): string;
}

const service = "ssm.amazonaws.com";

export function createSsm(environment: Environment): Ssm {
  const parameters = new Parameters(environment);
  const permission = (action: string, identifier: string): Permission => {
    const found = parameters.find(identifier);
    const [name = ""] = parameters.nameOf(identifier).split(":");
    const tags = [...(found?.parameter.tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value] as const);
    return { action: `ssm:${action}`, resource: parameters.arnOf(name), context: Object.fromEntries(tags) };
  };

  async function shown(of: { parameter: Parameter; version: ParameterVersion }, decrypt: boolean, call: Call): Promise<ParameterOutput> {
    const { parameter, version } = of;
    const value =
      typeof version.value === "string"
        ? version.value
        : decrypt
          ? Buffer.from(await openForCaller(version.value, { call, service })).toString("utf8")
          : Buffer.from(version.value.ciphertext).toString("base64");
    return {
      Name: parameter.name,
      Type: version.type,
      Value: value,
      Version: version.version,
      LastModifiedDate: new Date(version.modifiedAtMs),
      ARN: parameter.arn,
      DataType: "text",
    };
  }

  const getParameter: Operation<GetParameterCommandInput, Partial<GetParameterCommandOutput>> = {
    permissions: (input) => [permission("GetParameter", required(input.Name, "name"))],
    async run(input, call) {
      const name = required(input.Name, "name");
      const found = parameters.find(name);
      if (found === undefined) throw notFound(name);
      return { Parameter: await shown(found, input.WithDecryption ?? false, call) };
    },
  };

  const getParameters: Operation<GetParametersCommandInput, Partial<GetParametersCommandOutput>> = {
    permissions: (input) => required(input.Names, "names").map((name) => permission("GetParameters", name)),
    async run(input, call) {
      const names = required(input.Names, "names");
      const found = names.flatMap((name) => parameters.find(name) ?? []);
      return {
        Parameters: await Promise.all(found.map((one) => shown(one, input.WithDecryption ?? false, call))),
        InvalidParameters: names.filter((name) => parameters.find(name) === undefined),
      };
    },
  };

  const getParametersByPath: Operation<GetParametersByPathCommandInput, Partial<GetParametersByPathCommandOutput>> = {
    permissions: (input) => [permission("GetParametersByPath", required(input.Path, "path"))],
    async run(input, call) {
      if (input.ParameterFilters?.length) throw notImplemented("GetParametersByPath with ParameterFilters");
      const { items, nextToken } = page(parameters.under(required(input.Path, "path"), input.Recursive ?? false), {
        limit: input.MaxResults ?? 10,
        token: input.NextToken,
        invalid: () => new AwsError("InvalidNextToken", "The specified token isn't valid."),
      });
      const found = items.flatMap((parameter) => parameters.find(parameter.name) ?? []);
      return {
        Parameters: await Promise.all(found.map((one) => shown(one, input.WithDecryption ?? false, call))),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },
  };

  const putParameter: Operation<PutParameterCommandInput, Partial<PutParameterCommandOutput>> = {
    permissions: (input) => [
      permission("PutParameter", required(input.Name, "name")),
      ...(input.Tags?.length ? [permission("AddTagsToResource", required(input.Name, "name"))] : []),
    ],
    async run(input, call) {
      if ((input.Tier ?? "Standard") !== "Standard") throw notImplemented(`Parameter tier ${input.Tier}`);
      if (input.Policies !== undefined) throw notImplemented("Parameter policies");
      if ((input.DataType ?? "text") !== "text") throw notImplemented(`Parameter data type ${input.DataType}`);
      const name = required(input.Name, "name");
      const text = required(input.Value, "value");
      const type = input.Type ?? parameters.find(name)?.version.type;
      if (type === undefined) throw new AwsError("ValidationException", "A parameter type is required when you create a parameter.");
      const overwrite = input.Overwrite ?? false;
      const value =
        type === "SecureString"
          ? await sealForCaller(Buffer.from(text, "utf8"), {
              call,
              service,
              keyId: input.KeyId ?? "alias/aws/ssm",
              encryptionContext: { PARAMETER_ARN: parameters.arnOf(name) },
              randomBytes: (size) => environment.randomBytes(size),
            })
          : text;
      const tags = new Map((input.Tags ?? []).map((tag) => [required(tag.Key, "key"), required(tag.Value, "value")]));
      return { Version: parameters.put(name, { type, value, overwrite, tags }).version, Tier: "Standard" };
    },
  };

  const deleteParameter: Operation<DeleteParameterCommandInput> = {
    permissions: (input) => [permission("DeleteParameter", required(input.Name, "name"))],
    run(input) {
      parameters.remove(parameters.nameOf(required(input.Name, "name")));
      return {};
    },
  };

  return {
    service: {
      signingName: "ssm",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-ssm"),
      operations: {
        GetParameter: getParameter,
        GetParameters: getParameters,
        GetParametersByPath: getParametersByPath,
        PutParameter: putParameter,
        DeleteParameter: deleteParameter,
      },
    },
    resourceTypes: ssmResourceTypes(parameters),
    readParameter(name) {
      const value = parameters.find(name)?.version.value;
      if (value === undefined) throw notFound(name);
      if (typeof value !== "string") throw notImplemented(`The SecureString parameter ${name} as a template parameter`);
      return value;
    },
  };
}
