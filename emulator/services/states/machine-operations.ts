// Step Functions' API on state machines and their tags.

import type {
  CreateStateMachineInput,
  DeleteStateMachineInput,
  DescribeStateMachineForExecutionInput,
  DescribeStateMachineInput,
  ListStateMachinesInput,
  ListTagsForResourceInput,
  TagResourceInput,
  UntagResourceInput,
  UpdateStateMachineInput,
  ValidateStateMachineDefinitionInput,
} from "@aws-sdk/client-sfn";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Call, Operation, Permission, Service } from "../../service.ts";
import { diagnose } from "../../states/compile.ts";
import type { Activities } from "./activities.ts";
import type { Executions } from "./executions.ts";
import { refusedIntegration } from "./modelled-tasks.ts";
import { assertStateMachineArn, invalidToken, pageLimit } from "./names.ts";
import { statesPrincipal } from "./role-sessions.ts";
import { defaults, type StateMachine, type StateMachines } from "./state-machines.ts";

interface Dependencies {
  readonly stateMachines: StateMachines;
  readonly executions: Executions;
  readonly activities: Activities;
}

const passRole = (roleArn: string | undefined): readonly Permission[] =>
  roleArn === undefined ? [] : [{ action: "iam:PassRole", resource: roleArn, context: { "iam:PassedToService": statesPrincipal } }];

const tagContext = (
  tags: readonly { key?: string | undefined; value?: string | undefined }[],
): Record<string, string | readonly string[]> => ({
  "aws:TagKeys": tags.map(({ key = "" }) => key),
  ...Object.fromEntries(tags.map(({ key = "", value = "" }) => [`aws:RequestTag/${key}`, value])),
});

const asMap = (tags: readonly { key?: string | undefined; value?: string | undefined }[]): Map<string, string> =>
  new Map(tags.map(({ key = "", value = "" }) => [key, value]));

/** A definition under a customer's key is shown to whom KMS lets open it. */
async function described(stateMachine: StateMachine, of: { call: Call; includedData: string | undefined }): Promise<object> {
  const { definition, key } = stateMachine;
  const withDefinition = of.includedData !== "METADATA_ONLY" || key === undefined;
  if (withDefinition) await key?.openFor(of.call);
  return {
    name: stateMachine.name,
    roleArn: stateMachine.roleArn,
    ...(withDefinition ? { definition } : {}),
    loggingConfiguration: stateMachine.logging,
    tracingConfiguration: stateMachine.tracing,
    encryptionConfiguration: stateMachine.encryption,
    ...(stateMachine.revisionId === undefined ? {} : { revisionId: stateMachine.revisionId }),
  };
}

export function machineOperations({ stateMachines, executions, activities }: Dependencies): Service["operations"] {
  const on = (action: string, arn: string | undefined): readonly Permission[] => [{ action, resource: assertStateMachineArn(arn) }];

  const createStateMachine: Operation<CreateStateMachineInput> = {
    permissions({ name = "", roleArn, tags = [] }) {
      const resource = stateMachines.arnOf(name);
      const context = tags.length === 0 ? {} : { context: tagContext(tags) };
      return [
        { action: "states:CreateStateMachine", resource, ...context },
        ...(tags.length === 0 ? [] : [{ action: "states:TagResource", resource, ...context }]),
        ...passRole(roleArn),
      ];
    },
    async run(input, call) {
      if (input.type === "EXPRESS") throw notImplemented("An EXPRESS state machine");
      if (input.publish === true) throw notImplemented("CreateStateMachine with publish");
      const { name = "", definition = "", roleArn = "" } = input;
      const stateMachine = await stateMachines.create(
        {
          name,
          definition,
          roleArn,
          logging: input.loggingConfiguration ?? defaults.logging,
          tracing: input.tracingConfiguration ?? defaults.tracing,
          encryption: input.encryptionConfiguration ?? defaults.encryption,
        },
        asMap(input.tags ?? []),
        async (key) => key?.createFor(call),
      );
      return { stateMachineArn: stateMachine.arn, creationDate: new Date(stateMachine.createdAtMs) };
    },
  };
  const updateStateMachine: Operation<UpdateStateMachineInput> = {
    permissions: ({ stateMachineArn, roleArn }) => [...on("states:UpdateStateMachine", stateMachineArn), ...passRole(roleArn)],
    async run(input, call) {
      if (input.publish === true) throw notImplemented("UpdateStateMachine with publish");
      const { stateMachineArn = "", definition, roleArn } = input;
      const changes = {
        ...(definition === undefined ? {} : { definition }),
        ...(roleArn === undefined ? {} : { roleArn }),
        ...(input.loggingConfiguration === undefined ? {} : { logging: input.loggingConfiguration }),
        ...(input.tracingConfiguration === undefined ? {} : { tracing: input.tracingConfiguration }),
        ...(input.encryptionConfiguration === undefined ? {} : { encryption: input.encryptionConfiguration }),
      };
      const stateMachine = await stateMachines.update(stateMachineArn, changes, async (key) => key?.createFor(call));
      return { updateDate: new Date(call.nowMs), revisionId: stateMachine.revisionId };
    },
  };
  const describeStateMachine: Operation<DescribeStateMachineInput> = {
    permissions: ({ stateMachineArn }) => on("states:DescribeStateMachine", stateMachineArn),
    async run({ stateMachineArn = "", includedData }, call) {
      const stateMachine = stateMachines.get(stateMachineArn);
      return {
        ...(await described(stateMachine, { call, includedData })),
        stateMachineArn,
        status: "ACTIVE",
        type: "STANDARD",
        creationDate: new Date(stateMachine.createdAtMs),
      };
    },
  };
  const describeStateMachineForExecution: Operation<DescribeStateMachineForExecutionInput> = {
    permissions: ({ executionArn = "" }) => [{ action: "states:DescribeStateMachineForExecution", resource: executionArn }],
    async run({ executionArn, includedData }, call) {
      const { stateMachine } = executions.get(executionArn);
      const shown = await described(stateMachine, { call, includedData });
      return { ...shown, stateMachineArn: stateMachine.arn, updateDate: new Date(stateMachine.createdAtMs) };
    },
  };
  const listStateMachines: Operation<ListStateMachinesInput> = {
    permissions: () => [{ action: "states:ListStateMachines", resource: "*" }],
    run(input) {
      const { items, nextToken } = page(stateMachines.list(), {
        limit: pageLimit(input.maxResults),
        token: input.nextToken,
        invalid: invalidToken,
      });
      return {
        stateMachines: items.map(({ arn, name, createdAtMs }) => ({
          stateMachineArn: arn,
          name,
          type: "STANDARD",
          creationDate: new Date(createdAtMs),
        })),
        ...(nextToken === undefined ? {} : { nextToken }),
      };
    },
  };
  const deleteStateMachine: Operation<DeleteStateMachineInput> = {
    permissions: ({ stateMachineArn }) => on("states:DeleteStateMachine", stateMachineArn),
    run({ stateMachineArn = "" }) {
      stateMachines.delete(stateMachineArn);
      return {};
    },
  };
  const validate: Operation<ValidateStateMachineDefinitionInput> = {
    permissions: () => [{ action: "states:ValidateStateMachineDefinition", resource: "*" }],
    run({ definition = "" }) {
      const sources = { now: () => 0, uuid: () => "", random: () => 0 };
      const diagnostics = diagnose(definition, { sources, refuses: refusedIntegration });
      return { result: diagnostics.length === 0 ? "OK" : "FAIL", diagnostics, truncated: false };
    },
  };
  const tagsOf = (arn: string): Map<string, string> => {
    const found = stateMachines.find(arn) ?? activities.find(arn);
    if (found === undefined) throw new AwsError("ResourceNotFound", `Resource not found: '${arn}'`, { fields: { resourceName: arn } });
    return found.tags;
  };
  const tagResource: Operation<TagResourceInput> = {
    permissions: ({ resourceArn = "", tags = [] }) => [{ action: "states:TagResource", resource: resourceArn, context: tagContext(tags) }],
    run({ resourceArn = "", tags = [] }) {
      const current = tagsOf(resourceArn);
      for (const [key, value] of asMap(tags)) current.set(key, value);
      return {};
    },
  };
  const untagResource: Operation<UntagResourceInput> = {
    permissions: ({ resourceArn = "", tagKeys = [] }) => [
      { action: "states:UntagResource", resource: resourceArn, context: { "aws:TagKeys": tagKeys } },
    ],
    run({ resourceArn = "", tagKeys = [] }) {
      const current = tagsOf(resourceArn);
      for (const key of tagKeys) current.delete(key);
      return {};
    },
  };
  const listTags: Operation<ListTagsForResourceInput> = {
    permissions: ({ resourceArn = "" }) => [{ action: "states:ListTagsForResource", resource: resourceArn }],
    run: ({ resourceArn = "" }) => ({ tags: [...tagsOf(resourceArn)].map(([key, value]) => ({ key, value })) }),
  };
  return {
    CreateStateMachine: createStateMachine,
    UpdateStateMachine: updateStateMachine,
    DescribeStateMachine: describeStateMachine,
    DescribeStateMachineForExecution: describeStateMachineForExecution,
    ListStateMachines: listStateMachines,
    DeleteStateMachine: deleteStateMachine,
    ValidateStateMachineDefinition: validate,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListTagsForResource: listTags,
  };
}
