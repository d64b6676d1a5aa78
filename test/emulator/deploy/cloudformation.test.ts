import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListExportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployedStack } from "../../../emulator/deploy/stack-creation.ts";
import { createCloudFormation } from "../../../emulator/services/cloudformation.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const createdAtMs = Date.UTC(2026, 0, 1);
const id = "arn:aws:cloudformation:us-east-1:111122223333:stack/keys/4be2bb3c-0000-4000-8000-000000000000";
const keys: DeployedStack = {
  name: "keys",
  id,
  createdAtMs,
  templateText: '{"Resources":{}}',
  description: "The keys",
  tags: { owner: "us" },
  parameters: { Mode: "small" },
  resources: [{ logicalId: "Code", physicalId: "1234", type: "AWS::KMS::Key", createdAtMs }],
  outputs: { Code: { value: "1234", description: "for codes", exportName: "keys:Code" }, Other: { value: "x" } },
};

let emulator: TestEmulator;
let client: CloudFormationClient;

beforeAll(async () => {
  emulator = await startTestEmulator({
    services: ({ environment }) => {
      const cloudFormation = createCloudFormation(environment);
      cloudFormation.record([keys]);
      return [cloudFormation];
    },
  });
  client = emulator.client(CloudFormationClient);
});
afterAll(() => emulator.stop());

const timestamp = new Date(createdAtMs);

describe("a deployed stack is answered by", () => {
  it("DescribeStacks, by name, by id and among all", async () => {
    for (const StackName of ["keys", id, undefined]) {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
      expect(Stacks).toMatchObject([
        {
          StackName: "keys",
          StackId: id,
          StackStatus: "CREATE_COMPLETE",
          CreationTime: timestamp,
          Description: "The keys",
          Parameters: [{ ParameterKey: "Mode", ParameterValue: "small" }],
          Tags: [{ Key: "owner", Value: "us" }],
          Outputs: [
            { OutputKey: "Code", OutputValue: "1234", Description: "for codes", ExportName: "keys:Code" },
            { OutputKey: "Other", OutputValue: "x" },
          ],
        },
      ]);
    }
  });

  it("DescribeStackResources, by stack and by physical id", async () => {
    for (const of of [{ StackName: "keys" }, { StackName: "keys", LogicalResourceId: "Code" }, { PhysicalResourceId: "1234" }]) {
      const { StackResources } = await client.send(new DescribeStackResourcesCommand(of));
      expect(StackResources).toMatchObject([
        { StackName: "keys", LogicalResourceId: "Code", PhysicalResourceId: "1234", ResourceType: "AWS::KMS::Key", Timestamp: timestamp },
      ]);
    }
  });

  it("ListStacks, unless the filter asks for others", async () => {
    const all = await client.send(new ListStacksCommand({}));
    expect(all.StackSummaries).toMatchObject([{ StackName: "keys", StackStatus: "CREATE_COMPLETE" }]);
    const deleted = await client.send(new ListStacksCommand({ StackStatusFilter: ["DELETE_COMPLETE"] }));
    expect(deleted.StackSummaries ?? []).toEqual([]);
  });

  it("ListStackResources", async () => {
    const { StackResourceSummaries } = await client.send(new ListStackResourcesCommand({ StackName: "keys" }));
    expect(StackResourceSummaries).toMatchObject([{ LogicalResourceId: "Code", LastUpdatedTimestamp: timestamp }]);
  });

  it("ListExports", async () => {
    const { Exports } = await client.send(new ListExportsCommand({}));
    expect(Exports).toEqual([{ ExportingStackId: id, Name: "keys:Code", Value: "1234" }]);
  });

  it("GetTemplate, as it was written", async () => {
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: "keys" }));
    expect(TemplateBody).toBe('{"Resources":{}}');
  });
});

it("a stack that was never deployed does not exist, in AWS's words", async () => {
  await expect(client.send(new DescribeStacksCommand({ StackName: "nothing" }))).rejects.toMatchObject({
    name: "ValidationError",
    message: "Stack with id nothing does not exist",
  });
});
