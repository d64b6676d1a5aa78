// CloudFormation's Lambda resources as the CDK writes them; what the emulator does not do is refused by the property's name.

import { z } from "zod";
import { AwsError } from "../../aws-error.ts";
import type { Subnets } from "../../processes/network-interface.ts";
import type { Environment } from "../../service.ts";
import { type FunctionReference, parseFunctionName } from "../../services/lambda/function-names.ts";
import type { EventInvokeConfig, FunctionDefinition, Functions } from "../../services/lambda/functions.ts";
import { permissionStatement } from "../../services/lambda/operations.ts";
import { reservedVariables } from "../../services/lambda/process-environment.ts";
import { type ResourceContext, type ResourceType, resourceType } from "../resource-type.ts";
import { wholeNumber } from "./scalars.ts";

interface Dependencies {
  readonly environment: Environment;
  readonly functions: Functions;
  readonly subnets: Pick<Subnets, "subnetOf">;
  /** Checks what Lambda checks of a function's role, then adds the function. */
  createFunction(definition: FunctionDefinition): Promise<void>;
  /** Checks that the function's role may send to the destination, then configures. */
  configureEvents(reference: FunctionReference, config: Partial<EventInvokeConfig>): Promise<void>;
}

const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() }));
const logLevel = z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]);

const variables = z.record(z.string(), z.string()).superRefine((of, context) => {
  const reserved = Object.keys(of).filter((name) => reservedVariables.has(name));
  const message = `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`;
  if (reserved.length > 0) context.addIssue({ code: "custom", message });
});

const functionProperties = z.strictObject({
  FunctionName: z.string().max(64).exactOptional(),
  Description: z.string().exactOptional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Role: z.string(),
  Runtime: z.string().regex(/^nodejs\d+\.x$/, "only Node.js runtimes are modelled"),
  Handler: z.string(),
  Timeout: wholeNumber({ from: 1, to: 900 }).default(3),
  MemorySize: wholeNumber({ from: 128, to: 10_240 }).default(128),
  Architectures: z.tuple([z.enum(["arm64", "x86_64"])]).default(["x86_64"]),
  Environment: z.strictObject({ Variables: variables.default({}) }).exactOptional(),
  KmsKeyArn: z.string().exactOptional(),
  VpcConfig: z
    .strictObject({
      SubnetIds: z.array(z.string()).min(1),
      SecurityGroupIds: z.array(z.string()).min(1),
    })
    .exactOptional(),
  LoggingConfig: z
    .strictObject({
      LogFormat: z.enum(["Text", "JSON"]).default("Text"),
      LogGroup: z.string().exactOptional(),
      ApplicationLogLevel: logLevel.default("INFO"),
      SystemLogLevel: z.enum(["DEBUG", "INFO", "WARN"]).default("INFO"),
    })
    .exactOptional(),
  ReservedConcurrentExecutions: wholeNumber({ from: 0, to: 1000 }).exactOptional(),
  // No X-Ray here: the mode is kept and shown, and no trace is recorded.
  TracingConfig: z.strictObject({ Mode: z.enum(["Active", "PassThrough"]) }).exactOptional(),
  // No function here calls itself through a queue or a topic.
  RecursiveLoop: z.enum(["Allow", "Terminate"]).exactOptional(),
  PackageType: z.literal("Zip").exactOptional(),
  Tags: tags.exactOptional(),
});

type FunctionProperties = z.output<typeof functionProperties>;

export function lambdaResourceTypes(dependencies: Dependencies): readonly ResourceType[] {
  const { functions } = dependencies;
  return [
    resourceType({
      type: "AWS::Lambda::Function",
      properties: functionProperties,
      async create(properties, context) {
        const definition = functionDefinition(properties, context, dependencies);
        await dependencies.createFunction(definition);
        return { ref: definition.name, attributes: { Arn: definition.arn } };
      },
    }),
    resourceType({
      type: "AWS::Lambda::Version",
      properties: z.strictObject({
        FunctionName: z.string(),
        Description: z.string().exactOptional(),
        CodeSha256: z.string().exactOptional(),
      }),
      create(properties) {
        const { name } = parseFunctionName(properties.FunctionName);
        const { arn, version } = functions.publishVersion(name, properties.Description);
        return { ref: `${arn}:${version}`, attributes: { FunctionArn: `${arn}:${version}`, Version: version } };
      },
    }),
    resourceType({
      type: "AWS::Lambda::Alias",
      properties: z.strictObject({
        FunctionName: z.string(),
        FunctionVersion: z.string(),
        Name: z.string(),
        Description: z.string().exactOptional(),
      }),
      create(properties) {
        const { name } = parseFunctionName(properties.FunctionName);
        functions.addAlias(name, properties.Name, properties.FunctionVersion);
        const arn = functions.arn({ name, qualifier: properties.Name });
        return { ref: arn, attributes: { AliasArn: arn } };
      },
    }),
    resourceType({
      type: "AWS::Lambda::EventInvokeConfig",
      properties: z.strictObject({
        FunctionName: z.string(),
        Qualifier: z.string(),
        MaximumEventAgeInSeconds: wholeNumber({ from: 60, to: 21_600 }).exactOptional(),
        MaximumRetryAttempts: wholeNumber({ from: 0, to: 2 }).exactOptional(),
        DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }).exactOptional() }).exactOptional(),
      }),
      async create(properties, context) {
        const onFailureArn = properties.DestinationConfig?.OnFailure?.Destination;
        await dependencies.configureEvents(parseFunctionName(properties.FunctionName, properties.Qualifier), {
          ...(onFailureArn === undefined ? {} : { onFailureArn }),
          ...(properties.MaximumEventAgeInSeconds === undefined ? {} : { maximumAgeSeconds: properties.MaximumEventAgeInSeconds }),
          ...(properties.MaximumRetryAttempts === undefined ? {} : { maximumRetryAttempts: properties.MaximumRetryAttempts }),
        });
        return { ref: context.generatedName(), attributes: {} };
      },
    }),
    resourceType({
      type: "AWS::Lambda::Permission",
      properties: z.strictObject({
        Action: z.string(),
        FunctionName: z.string(),
        Principal: z.string(),
        SourceArn: z.string().exactOptional(),
        SourceAccount: z.string().exactOptional(),
        PrincipalOrgID: z.string().exactOptional(),
      }),
      create(properties, context) {
        const reference = parseFunctionName(properties.FunctionName);
        const StatementId = context.generatedName(100);
        functions.addStatement(reference, permissionStatement({ ...properties, StatementId }, functions.arn(reference)));
        return { ref: StatementId, attributes: { Id: StatementId } };
      },
    }),
  ];
}

function functionDefinition(properties: FunctionProperties, context: ResourceContext, of: Dependencies): FunctionDefinition {
  const name = properties.FunctionName ?? context.generatedName(64);
  const { S3Bucket, S3Key } = properties.Code;
  const logging = properties.LoggingConfig;
  return {
    name,
    arn: of.functions.arn({ name }),
    version: "$LATEST",
    description: properties.Description ?? "",
    roleArn: properties.Role,
    runtime: properties.Runtime,
    handler: properties.Handler,
    taskRoot: context.assetPath({ bucket: S3Bucket, key: S3Key }),
    timeoutSeconds: properties.Timeout,
    memoryMb: properties.MemorySize,
    architecture: properties.Architectures[0],
    variables: properties.Environment?.Variables ?? {},
    ...(properties.KmsKeyArn === undefined ? {} : { kmsKeyArn: properties.KmsKeyArn }),
    ...(properties.VpcConfig === undefined ? {} : { vpc: functionNetwork(properties.VpcConfig, of) }),
    logging: {
      format: logging?.LogFormat ?? "Text",
      group: logging?.LogGroup ?? `/aws/lambda/${name}`,
      applicationLevel: logging?.ApplicationLogLevel ?? "INFO",
      systemLevel: logging?.SystemLogLevel ?? "INFO",
    },
    tracing: properties.TracingConfig?.Mode ?? "PassThrough",
    ...(properties.ReservedConcurrentExecutions === undefined ? {} : { reservedConcurrency: properties.ReservedConcurrentExecutions }),
    tags: context.tags,
    modifiedAtMs: of.environment.clock.now(),
  };
}

function functionNetwork(
  config: NonNullable<FunctionProperties["VpcConfig"]>,
  { subnets }: Dependencies,
): FunctionDefinition["vpc"] & object {
  const vpcIds = [...new Set(config.SubnetIds.map((id) => subnets.subnetOf(id).vpcId))];
  const [vpcId] = vpcIds;
  if (vpcId === undefined || vpcIds.length > 1) {
    throw new AwsError("InvalidParameterValueException", "The provided subnets must all be in the same VPC.", { fields: { Type: "User" } });
  }
  return { vpcId, subnetIds: config.SubnetIds, securityGroupIds: config.SecurityGroupIds };
}
