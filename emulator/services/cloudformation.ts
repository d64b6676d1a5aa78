// CloudFormation's reading half: what was deployed, for whoever asks with the AWS CLI or an SDK. Deploying is emulator/deploy's own work.

import type {
  DescribeStackResourcesInput,
  DescribeStackResourcesOutput,
  DescribeStacksInput,
  DescribeStacksOutput,
  GetTemplateInput,
  GetTemplateOutput,
  ListExportsOutput,
  ListStackResourcesInput,
  ListStackResourcesOutput,
  ListStacksInput,
  ListStacksOutput,
  Stack,
} from "@aws-sdk/client-cloudformation";
import { AwsError } from "../aws-error.ts";
import type { ResourceType } from "../deploy/resource-type.ts";
import type { DeployedResource, DeployedStack } from "../deploy/stack-creation.ts";
import type { Environment, Operation, Permission, Service } from "../service.ts";

export interface CloudFormation {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
  /** Makes stacks visible that `deployAssembly` created. */
  record(stacks: readonly DeployedStack[]): void;
}

const status = "CREATE_COMPLETE";

const described = (stack: DeployedStack): Stack => ({
  StackId: stack.id,
  StackName: stack.name,
  ...(stack.description === undefined ? {} : { Description: stack.description }),
  Parameters: Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
  CreationTime: new Date(stack.createdAtMs),
  StackStatus: status,
  DisableRollback: false,
  NotificationARNs: [],
  Capabilities: ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
  Outputs: Object.entries(stack.outputs).map(([OutputKey, { value, description, exportName }]) => ({
    OutputKey,
    OutputValue: value,
    ...(description === undefined ? {} : { Description: description }),
    ...(exportName === undefined ? {} : { ExportName: exportName }),
  })),
  Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
  EnableTerminationProtection: false,
});

const describedResource = (resource: DeployedResource) =>
  ({
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    ResourceStatus: status,
  }) as const;

export function createCloudFormation({ account, region }: Environment): CloudFormation {
  const stacks: DeployedStack[] = [];

  const found = (nameOrId: string | undefined): DeployedStack => {
    const stack = stacks.find(({ name, id }) => name === nameOrId || id === nameOrId);
    if (stack === undefined) throw new AwsError("ValidationError", `Stack with id ${nameOrId} does not exist`);
    return stack;
  };

  const onStack = (action: string, nameOrId: string | undefined): readonly Permission[] => {
    const known = stacks.find(({ name, id }) => name === nameOrId || id === nameOrId)?.id;
    const resource = nameOrId === undefined ? "*" : (known ?? `arn:aws:cloudformation:${region}:${account}:stack/${nameOrId}/*`);
    return [{ action: `cloudformation:${action}`, resource }];
  };

  const describeStacks: Operation<DescribeStacksInput, DescribeStacksOutput> = {
    permissions: ({ StackName }) => onStack("DescribeStacks", StackName),
    run: ({ StackName }) => ({ Stacks: (StackName === undefined ? stacks : [found(StackName)]).map(described) }),
  };

  const describeStackResources: Operation<DescribeStackResourcesInput, DescribeStackResourcesOutput> = {
    permissions: ({ StackName }) => onStack("DescribeStackResources", StackName),
    run: ({ StackName, LogicalResourceId, PhysicalResourceId }) => {
      const stack =
        StackName === undefined
          ? stacks.find(({ resources }) => resources.some(({ physicalId }) => physicalId === PhysicalResourceId))
          : found(StackName);
      if (stack === undefined) throw new AwsError("ValidationError", `Stack for ${PhysicalResourceId} does not exist`);
      return {
        StackResources: stack.resources
          .filter(({ logicalId }) => LogicalResourceId === undefined || logicalId === LogicalResourceId)
          .map((resource) => ({
            ...describedResource(resource),
            StackName: stack.name,
            StackId: stack.id,
            Timestamp: new Date(resource.createdAtMs),
          })),
      };
    },
  };

  const listStacks: Operation<ListStacksInput, ListStacksOutput> = {
    permissions: () => onStack("ListStacks", undefined),
    run: ({ StackStatusFilter: only }) => ({
      StackSummaries: stacks
        .filter(() => only === undefined || only.length === 0 || only.includes(status))
        .map(({ id, name, createdAtMs }) => ({
          StackId: id,
          StackName: name,
          CreationTime: new Date(createdAtMs),
          StackStatus: status,
        })),
    }),
  };

  const listStackResources: Operation<ListStackResourcesInput, ListStackResourcesOutput> = {
    permissions: ({ StackName }) => onStack("ListStackResources", StackName),
    run: ({ StackName }) => ({
      StackResourceSummaries: found(StackName).resources.map((resource) => ({
        ...describedResource(resource),
        LastUpdatedTimestamp: new Date(resource.createdAtMs),
      })),
    }),
  };

  const listExports: Operation<object, ListExportsOutput> = {
    permissions: () => onStack("ListExports", undefined),
    run: () => ({
      Exports: stacks.flatMap(({ id, outputs }) =>
        Object.values(outputs).flatMap(({ value, exportName }) =>
          exportName === undefined ? [] : [{ ExportingStackId: id, Name: exportName, Value: value }],
        ),
      ),
    }),
  };

  const getTemplate: Operation<GetTemplateInput, GetTemplateOutput> = {
    permissions: ({ StackName }) => onStack("GetTemplate", StackName),
    run: ({ StackName }) => ({ TemplateBody: found(StackName).templateText, StagesAvailable: ["Original", "Processed"] }),
  };

  return {
    service: {
      signingName: "cloudformation",
      model: () => import("@aws-sdk/client-cloudformation"),
      protocol: "awsQuery",
      operations: {
        DescribeStacks: describeStacks,
        DescribeStackResources: describeStackResources,
        ListStacks: listStacks,
        ListStackResources: listStackResources,
        ListExports: listExports,
        GetTemplate: getTemplate,
      },
    },
    resourceTypes: [],
    record: (deployed) => {
      stacks.push(...deployed);
    },
  };
}
