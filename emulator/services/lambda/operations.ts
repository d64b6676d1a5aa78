// Lambda's API as far as it is modelled: invoking functions, reading them, and their resource policies.

import type {
  AddPermissionRequest,
  GetFunctionConfigurationRequest,
  GetFunctionRequest,
  GetPolicyRequest,
  InvocationRequest,
  InvocationResponse,
  ListFunctionsRequest,
} from "@aws-sdk/client-lambda";
import type { Statement } from "../../../policy/document.ts";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Environment, Operation, Permission, Service } from "../../service.ts";
import type { AsynchronousEvents } from "./asynchronous-events.ts";
import { type FunctionReference, parseFunctionName } from "./function-names.ts";
import { type FunctionDefinition, type Functions, notFound } from "./functions.ts";
import type { Invoker } from "./invoker.ts";

interface Dependencies {
  readonly environment: Environment;
  readonly functions: Functions;
  readonly asynchronous: AsynchronousEvents;
  invokerOf(reference: FunctionReference): Invoker;
}

const largestSynchronousPayload = 6_291_456;
const largestAsynchronousPayload = 1_048_576;
/** How much of the log `LogType: Tail` returns, in bytes. */
const tailBytes = 4096;

export function lambdaOperations(dependencies: Dependencies): Service["operations"] {
  const { functions } = dependencies;
  const on = (action: string, input: { FunctionName: string | undefined; Qualifier?: string | undefined }): readonly Permission[] => {
    const reference = parseFunctionName(input.FunctionName, input.Qualifier);
    const resourcePolicy = functions.policy(reference);
    return [{ action, resource: functions.arn(reference), ...(resourcePolicy === undefined ? {} : { resourcePolicy }) }];
  };
  const referenced = (input: { FunctionName: string | undefined; Qualifier?: string | undefined }): FunctionReference =>
    parseFunctionName(input.FunctionName, input.Qualifier);

  const invoke: Operation<InvocationRequest, InvocationResponse> = {
    permissions: (input) => on("lambda:InvokeFunction", input),
    run: (input, call) => invokeFunction(input, call.requestId, dependencies),
  };
  const getFunction: Operation<GetFunctionRequest> = {
    permissions: (input) => on("lambda:GetFunction", input),
    run(input) {
      const definition = functions.get(referenced(input));
      return {
        Configuration: configuration(definition),
        Code: { RepositoryType: "S3" },
        ...(Object.keys(definition.tags).length === 0 ? {} : { Tags: definition.tags }),
        ...(definition.reservedConcurrency === undefined
          ? {}
          : { Concurrency: { ReservedConcurrentExecutions: definition.reservedConcurrency } }),
      };
    },
  };
  const getFunctionConfiguration: Operation<GetFunctionConfigurationRequest> = {
    permissions: (input) => on("lambda:GetFunctionConfiguration", input),
    run: (input) => configuration(functions.get(referenced(input))),
  };
  const listFunctions: Operation<ListFunctionsRequest> = {
    permissions: () => [{ action: "lambda:ListFunctions", resource: "*" }],
    run(input) {
      const invalid = () => new AwsError("InvalidParameterValueException", "Invalid Marker.");
      const { items, nextToken } = page(functions.list(), { limit: Math.min(input.MaxItems ?? 50, 50), token: input.Marker, invalid });
      return { Functions: items.map(configuration), ...(nextToken === undefined ? {} : { NextMarker: nextToken }) };
    },
  };
  const getPolicy: Operation<GetPolicyRequest> = {
    permissions: (input) => on("lambda:GetPolicy", input),
    run(input) {
      const reference = referenced(input);
      functions.get(reference);
      const policy = functions.policy(reference);
      if (policy === undefined) throw notFound("The resource you requested does not exist.");
      return { Policy: JSON.stringify(policy) };
    },
  };
  const addPermission: Operation<AddPermissionRequest> = {
    permissions: (input) => on("lambda:AddPermission", input),
    run(input) {
      const reference = referenced(input);
      functions.get(reference);
      const statement = permissionStatement(input, functions.arn(reference));
      functions.addStatement(reference, statement);
      return { Statement: JSON.stringify(statement) };
    },
  };
  return {
    Invoke: invoke,
    GetFunction: getFunction,
    GetFunctionConfiguration: getFunctionConfiguration,
    ListFunctions: listFunctions,
    GetPolicy: getPolicy,
    AddPermission: addPermission,
  };
}

/** Invokes without asking whether the caller may. */
export async function invokeFunction(
  input: Omit<InvocationRequest, "Payload"> & { readonly Payload?: Uint8Array | undefined },
  requestId: string,
  of: Dependencies,
): Promise<InvocationResponse> {
  const reference = parseFunctionName(input.FunctionName, input.Qualifier);
  const definition = of.functions.get(reference);
  const type = input.InvocationType ?? "RequestResponse";
  if (input.TenantId !== undefined) throw notImplemented("Invoke with TenantId");
  if (input.DurableExecutionName !== undefined) throw notImplemented("Invoke with DurableExecutionName");
  const payload = input.Payload === undefined || input.Payload.length === 0 ? Buffer.from("{}") : input.Payload;
  assertPayload(payload, type === "Event" ? largestAsynchronousPayload : largestSynchronousPayload);
  if (type === "DryRun") return { StatusCode: 204 };
  const event = {
    requestId,
    invokedArn: of.functions.arn(reference),
    payload,
    ...(input.ClientContext === undefined || type === "Event"
      ? {}
      : { clientContext: Buffer.from(input.ClientContext, "base64").toString("utf8") }),
  };
  if (type === "Event") {
    of.asynchronous.accept(event, { invoker: of.invokerOf(reference), config: of.functions.eventInvokeConfig(reference) });
    return { StatusCode: 202 };
  }
  const result = await of.invokerOf(reference).invoke(event);
  return {
    StatusCode: 200,
    ExecutedVersion: definition.version,
    Payload: result.payload as NonNullable<InvocationResponse["Payload"]>,
    ...(result.isError ? { FunctionError: "Unhandled" } : {}),
    ...(input.LogType === "Tail" ? { LogResult: Buffer.from(result.log).subarray(-tailBytes).toString("base64") } : {}),
  };
}

function assertPayload(payload: Uint8Array, largest: number): void {
  if (payload.length > largest) {
    throw new AwsError("RequestTooLargeException", `Request must be smaller than ${largest} bytes for the InvokeFunction operation`, {
      statusCode: 413,
    });
  }
  try {
    JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch (cause) {
    throw new AwsError("InvalidRequestContentException", `Could not parse request body into json: ${(cause as Error).message}`, { cause });
  }
}

/** The statement that AddPermission and AWS::Lambda::Permission write into a function's policy. */
export function permissionStatement(
  of: Pick<AddPermissionRequest, "StatementId" | "Action" | "Principal" | "SourceArn" | "SourceAccount" | "PrincipalOrgID">,
  resource: string,
): Statement {
  const { StatementId, Action, Principal = "", SourceArn, SourceAccount, PrincipalOrgID } = of;
  const isService = /\.amazonaws\.com(\.cn)?$/.test(Principal);
  const condition = {
    ...(SourceArn === undefined ? {} : { ArnLike: { "AWS:SourceArn": SourceArn } }),
    ...(SourceAccount === undefined && PrincipalOrgID === undefined
      ? {}
      : {
          StringEquals: {
            ...(SourceAccount === undefined ? {} : { "AWS:SourceAccount": SourceAccount }),
            ...(PrincipalOrgID === undefined ? {} : { "aws:PrincipalOrgID": PrincipalOrgID }),
          },
        }),
  };
  return {
    Sid: StatementId ?? "",
    Effect: "Allow",
    Principal: Principal === "*" ? "*" : isService ? { Service: Principal } : { AWS: accountRoot(Principal) },
    Action: Action ?? "",
    Resource: resource,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

const accountRoot = (principal: string): string => (/^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal);

function configuration(of: FunctionDefinition): object {
  return {
    FunctionName: of.name,
    FunctionArn: of.version === "$LATEST" ? of.arn : `${of.arn}:${of.version}`,
    Runtime: of.runtime,
    Role: of.roleArn,
    Handler: of.handler,
    Description: of.description,
    Timeout: of.timeoutSeconds,
    MemorySize: of.memoryMb,
    LastModified: new Date(of.modifiedAtMs).toISOString().replace("Z", "+0000"),
    Version: of.version,
    Environment: { Variables: of.variables },
    ...(of.kmsKeyArn === undefined ? {} : { KMSKeyArn: of.kmsKeyArn }),
    ...(of.vpc === undefined
      ? {}
      : { VpcConfig: { VpcId: of.vpc.vpcId, SubnetIds: of.vpc.subnetIds, SecurityGroupIds: of.vpc.securityGroupIds } }),
    TracingConfig: { Mode: of.tracing },
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Architectures: [of.architecture],
    LoggingConfig: {
      LogFormat: of.logging.format,
      LogGroup: of.logging.group,
      ...(of.logging.format === "JSON" ? { ApplicationLogLevel: of.logging.applicationLevel, SystemLogLevel: of.logging.systemLevel } : {}),
    },
  };
}
