// CloudFormation's state machine as the CDK writes it; what the emulator does not do is refused by the property's name.

import { z } from "zod";
import { defaults, type StateMachines } from "../../services/states/state-machines.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";
import { truth, wholeNumber } from "./scalars.ts";

const loggingConfiguration = z.strictObject({
  Level: z.enum(["ALL", "ERROR", "FATAL", "OFF"]).default("OFF"),
  IncludeExecutionData: truth.default(false),
  Destinations: z.array(z.strictObject({ CloudWatchLogsLogGroup: z.strictObject({ LogGroupArn: z.string() }) })).default([]),
});

const properties = z.strictObject({
  StateMachineName: z.string().exactOptional(),
  // Express workflows are another service by the same API.
  StateMachineType: z.literal("STANDARD").default("STANDARD"),
  RoleArn: z.string(),
  DefinitionString: z.string(),
  DefinitionSubstitutions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  // Kept and shown by DescribeStateMachine; the emulator delivers no execution log and records no trace.
  LoggingConfiguration: loggingConfiguration.exactOptional(),
  TracingConfiguration: z.strictObject({ Enabled: truth }).exactOptional(),
  EncryptionConfiguration: z
    .strictObject({
      Type: z.enum(["CUSTOMER_MANAGED_KMS_KEY", "AWS_OWNED_KEY"]),
      KmsKeyId: z.string().exactOptional(),
      KmsDataKeyReusePeriodSeconds: wholeNumber({ from: 60, to: 900 }).exactOptional(),
    })
    .exactOptional(),
  Tags: tagList,
});

type Properties = z.output<typeof properties>;

export const statesResourceTypes = (stateMachines: StateMachines): readonly ResourceType[] => [
  resourceType({
    type: "AWS::StepFunctions::StateMachine",
    properties,
    async create(of, context) {
      const { arn, name, revisionId } = await stateMachines.create(
        {
          name: of.StateMachineName ?? context.generatedName(80),
          definition: substituted(of),
          roleArn: of.RoleArn,
          logging: of.LoggingConfiguration === undefined ? defaults.logging : logging(of.LoggingConfiguration),
          tracing: of.TracingConfiguration === undefined ? defaults.tracing : { enabled: of.TracingConfiguration.Enabled },
          encryption: of.EncryptionConfiguration === undefined ? defaults.encryption : encryption(of.EncryptionConfiguration),
        },
        tagMap(context.tags, of.Tags),
      );
      return { ref: arn, attributes: { Arn: arn, Name: name, StateMachineRevisionId: revisionId ?? "INITIAL" } };
    },
  }),
];

/** `${name}` stands for the substitution of that name; others stay. */
const substituted = ({ DefinitionString, DefinitionSubstitutions }: Properties): string =>
  DefinitionString.replaceAll(/\$\{([\w.-]+)\}/g, (whole, name: string) =>
    Object.hasOwn(DefinitionSubstitutions, name) ? String(DefinitionSubstitutions[name]) : whole,
  );

const logging = ({ Level, IncludeExecutionData, Destinations }: z.output<typeof loggingConfiguration>) => ({
  level: Level,
  includeExecutionData: IncludeExecutionData,
  destinations: Destinations.map(({ CloudWatchLogsLogGroup: { LogGroupArn } }) => ({
    cloudWatchLogsLogGroup: { logGroupArn: LogGroupArn },
  })),
});

const encryption = ({ Type, KmsKeyId, KmsDataKeyReusePeriodSeconds }: NonNullable<Properties["EncryptionConfiguration"]>) => ({
  type: Type,
  ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
  ...(KmsDataKeyReusePeriodSeconds === undefined ? {} : { kmsDataKeyReusePeriodSeconds: KmsDataKeyReusePeriodSeconds }),
});
