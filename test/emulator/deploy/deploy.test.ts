// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its substitutions so.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AwsError } from "../../../emulator/aws-error.ts";
import { deployAssembly } from "../../../emulator/deploy/deploy.ts";
import { AssemblyRefused, DeploymentFailed } from "../../../emulator/deploy/template-fault.ts";
import { recordingType, type StackOfTest, testEnvironment, writeAssembly } from "./cloud-assembly.ts";

function prepare(stacks: Record<string, StackOfTest>, stored: Record<string, string> = {}) {
  const thing = recordingType("Test::Thing");
  const assembly = writeAssembly(stacks);
  return {
    assembly,
    created: thing.created,
    deploy: (parameters: Record<string, Record<string, string>> = {}) =>
      deployAssembly({
        assembly,
        resourceTypes: [thing.type],
        environment: testEnvironment(),
        parameters,
        readParameter: (name) => {
          const value = stored[name];
          if (value === undefined) throw new AwsError("ParameterNotFound", `Parameter ${name} not found.`);
          return value;
        },
      }),
  };
}

const thing = (properties: object = {}, attributes: object = {}) => ({ Type: "Test::Thing", Properties: properties, ...attributes });
const resources = (of: Record<string, object>): StackOfTest => ({ template: { Resources: of } });

async function faultsOf(deploying: Promise<unknown>): Promise<AssemblyRefused> {
  const error = await deploying.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AssemblyRefused) return error;
  throw new Error("the assembly was not refused", { cause: error });
}

describe("order", () => {
  it("creates what is referred to or named in DependsOn first, whatever the template's order", async () => {
    const { created, deploy } = prepare({
      only: resources({
        Third: thing({ Target: { "Fn::GetAtt": ["Second", "Arn"] } }),
        Second: thing({}, { DependsOn: "First" }),
        First: thing({ Name: "one" }),
      }),
    });
    await deploy();
    expect(created.map(({ logicalId }) => logicalId)).toEqual(["First", "Second", "Third"]);
  });

  it("deploys stacks after those they depend on, and hands exports over", async () => {
    const { deploy } = prepare({
      b: {
        template: {
          Resources: { User: thing({ Name: { "Fn::ImportValue": "a:Name" } }) },
          Outputs: { User: { Value: { Ref: "User" }, Description: "who" } },
        },
        dependencies: ["a"],
      },
      a: {
        template: {
          Resources: { Made: thing({ Name: "made" }) },
          Outputs: { Name: { Value: { Ref: "Made" }, Export: { Name: { "Fn::Sub": "${AWS::StackName}:Name" } } } },
        },
      },
    });
    const stacks = await deploy();
    expect(stacks.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(stacks[0]?.outputs).toEqual({ Name: { value: "made", exportName: "a:Name" } });
    expect(stacks[1]?.outputs).toEqual({ User: { value: "made", description: "who" } });
    expect(stacks[1]?.resources).toEqual([
      { logicalId: "User", physicalId: "made", type: "Test::Thing", createdAtMs: Date.UTC(2026, 0, 1) },
    ]);
  });

  it("leaves out what a condition leaves out, and does not wait for it", async () => {
    const { created, deploy } = prepare({
      only: {
        template: {
          Parameters: { Mode: { Type: "String", Default: "small" } },
          Conditions: { Large: { "Fn::Equals": [{ Ref: "Mode" }, "large"] } },
          Resources: { Extra: thing({}, { Condition: "Large" }), Main: thing({ Name: "main" }, { DependsOn: ["Extra"] }) },
          Outputs: { Extra: { Value: { Ref: "Extra" }, Condition: "Large" } },
        },
      },
    });
    const [stack] = await deploy();
    expect(created.map(({ logicalId }) => logicalId)).toEqual(["Main"]);
    expect(stack?.outputs).toEqual({});
  });
});

describe("parameters", () => {
  it("come from the caller, from Parameter Store or from the default, and BootstrapVersion is left alone", async () => {
    const { deploy } = prepare(
      {
        only: {
          template: {
            Parameters: {
              Given: { Type: "String" },
              Stored: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/path/to/it" },
              BootstrapVersion: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/cdk-bootstrap/hnb659fds/version" },
            },
            Rules: { CheckBootstrapVersion: { Assertions: [] } },
            Resources: {},
            Outputs: { Both: { Value: { "Fn::Sub": "${Given} ${Stored}" } } },
          },
        },
      },
      { "/path/to/it": "stored" },
    );
    const [stack] = await deploy({ only: { Given: "given" } });
    expect(stack?.outputs["Both"]?.value).toBe("given stored");
    expect(stack?.parameters).toEqual({ Given: "given", Stored: "stored" });
  });

  it("that Parameter Store lacks when the stack's turn comes fail the deployment by name", async () => {
    const { deploy } = prepare({
      only: { template: { Parameters: { Late: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/late" } }, Resources: {} } },
    });
    await expect(deploy()).rejects.toThrow("only/Parameters.Late: Parameter Store has no /late");
  });

  it.each<[string, object, string]>([
    ["without a value", { Type: "String" }, "it has no default and no value was given"],
    ["outside the allowed values", { Type: "String", Default: "x", AllowedValues: ["a", "b"] }, "x is not one of a, b"],
    ["that do not match", { Type: "String", Default: "x1", AllowedPattern: "[a-z]+" }, "x1 does not match [a-z]+"],
    ["that are too short", { Type: "String", Default: "x", MinLength: 2 }, "x has 1 characters"],
    ["that are no number", { Type: "Number", Default: "x", MinValue: 1 }, "x is not a number from 1 to"],
    ["of another type", { Type: "AWS::EC2::Image::Id", Default: "x" }, "parameter type AWS::EC2::Image::Id is not modelled"],
  ])("%s are refused", async (_, parameter, message) => {
    const { deploy } = prepare({ only: { template: { Parameters: { P: parameter }, Resources: {} } } });
    expect((await faultsOf(deploy())).message).toContain(`only/Parameters.P: ${message}`);
  });
});

describe("assets", () => {
  const assets = {
    files: {
      abc: {
        source: { path: "asset.abc", packaging: "zip" },
        destinations: { here: { bucketName: "cdk-${AWS::AccountId}-${AWS::Region}", objectKey: "abc.zip" } },
      },
    },
    dockerImages: {
      def: { source: { directory: "asset.def" }, destinations: { here: { repositoryName: "images-${AWS::AccountId}", imageTag: "def" } } },
    },
  };

  it("are found by bucket and key, and by image URI, where the synthesis left them", async () => {
    const { assembly, deploy } = prepare({
      only: {
        assets,
        template: {
          Resources: {
            File: thing({ Asset: { S3Bucket: { "Fn::Sub": "cdk-${AWS::AccountId}-${AWS::Region}" }, S3Key: "abc.zip" } }),
            Image: thing({
              Asset: { ImageUri: { "Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/images-${AWS::AccountId}:def" } },
            }),
          },
          Outputs: { File: { Value: { "Fn::GetAtt": ["File", "Asset"] } }, Image: { Value: { "Fn::GetAtt": ["Image", "Asset"] } } },
        },
      },
    });
    const [stack] = await deploy();
    expect(stack?.outputs).toEqual({ File: { value: join(assembly, "asset.abc") }, Image: { value: join(assembly, "asset.def") } });
  });

  it("that the assembly lacks fail the deployment by name", async () => {
    const { deploy } = prepare({ only: resources({ File: thing({ Asset: { S3Bucket: "b", S3Key: "k" } }) }) });
    await expect(deploy()).rejects.toThrow("only/File (Test::Thing): the cloud assembly has no asset s3://b/k");
  });
});

describe("tags", () => {
  it("are the stack's with the resource's own over them", async () => {
    const { created, deploy } = prepare({
      only: { template: { Resources: { A: thing({ Tags: [{ Key: "owner", Value: "me" }] }) } }, tags: { owner: "all", app: "keyturn" } },
    });
    await deploy();
    expect(created[0]?.tags).toEqual({ owner: "me", app: "keyturn" });
  });
});

describe("refusal", () => {
  it("names every fault of every stack at once and creates nothing", async () => {
    const { created, deploy } = prepare({
      a: resources({
        Good: thing({ Name: "good" }),
        Strange: { Type: "AWS::Strange::Thing", Properties: {} },
        Extra: thing({ Colour: "red", Asset: { S3Bucket: "b", S3Key: "k", S3ObjectVersion: "1" } }),
      }),
      b: resources({
        Odd: thing({ Name: { Ref: "Nowhere" } }),
        Typed: thing({ Size: "large" }),
        Wants: thing({}, { DependsOn: "Nobody" }),
      }),
    });
    const refusal = await faultsOf(deploy());
    expect(refusal.faults).toEqual([
      { stack: "a", at: "Strange", type: "AWS::Strange::Thing", problem: "this resource type is not modelled" },
      { stack: "a", at: "Extra", type: "Test::Thing", problem: "property Asset.S3ObjectVersion is not modelled" },
      { stack: "a", at: "Extra", type: "Test::Thing", problem: "property Colour is not modelled" },
      { stack: "b", at: "Odd", type: "Test::Thing", problem: "there is no parameter or resource Nowhere" },
      { stack: "b", at: "Typed", type: "Test::Thing", problem: "property Size: Invalid input: expected number, received string" },
      { stack: "b", at: "Wants", type: "Test::Thing", problem: "DependsOn names Nobody, which is no resource of this stack" },
    ]);
    expect(refusal.message).toContain(
      "nothing was created (6 faults):\n  a/Strange (AWS::Strange::Thing): this resource type is not modelled\n",
    );
    expect(created).toEqual([]);
  });

  it("leaves aside what only creation can tell: a pending name matches no pattern yet", async () => {
    const { deploy } = prepare({ only: resources({ A: thing({ Name: "a" }), B: thing({ Name: { Ref: "A" } }) }) });
    await expect(deploy()).resolves.toHaveLength(1);
  });

  it("shows the way round a circle of references", async () => {
    const { deploy } = prepare({
      only: resources({
        A: thing({ Target: { Ref: "B" } }),
        B: thing({ Target: { "Fn::Sub": "${C.Arn}" } }),
        C: thing({}, { DependsOn: "A" }),
      }),
    });
    expect((await faultsOf(deploy())).message).toContain("resources depend on each other: A → B → C → A");
  });

  it.each<[string, object, string]>([
    ["an unknown section", { Resources: {}, Transform: "AWS::Serverless-2016-10-31" }, "Transform is not modelled"],
    ["an unknown resource attribute", { Resources: { A: thing({}, { CreationPolicy: {} }) } }, "only/A: CreationPolicy is not modelled"],
    ["an unknown rule", { Resources: {}, Rules: { Mine: {} } }, "only/Rules: Mine is not modelled"],
    [
      "two exports of one name",
      { Resources: {}, Outputs: { A: { Value: "1", Export: { Name: "n" } }, B: { Value: "2", Export: { Name: "n" } } } },
      "n is exported twice",
    ],
  ])("meets %s", async (_, template, message) => {
    const { deploy } = prepare({ only: { template } });
    expect((await faultsOf(deploy())).message).toContain(message);
  });

  it.each([
    ["account", "aws://999999999999/us-east-1", "it is fixed to account 999999999999; the emulator is account 111122223333"],
    ["region", "aws://111122223333/eu-west-1", "it is fixed to region eu-west-1; the emulator is region us-east-1"],
  ])("meets a stack of another %s", async (_, environment, message) => {
    const { deploy } = prepare({ only: { template: { Resources: {} }, environment } });
    expect((await faultsOf(deploy())).message).toContain(message);
  });

  it("accepts what matters only on update or deletion, and skips CDK's metadata", async () => {
    const { created, deploy } = prepare({
      only: resources({
        A: thing(
          { Name: "a" },
          { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain", UpdatePolicy: {}, Metadata: { "aws:cdk:path": "x" } },
        ),
        CDKMetadata: { Type: "AWS::CDK::Metadata", Properties: { Analytics: "v2:x" } },
      }),
    });
    await deploy();
    expect(created.map(({ logicalId }) => logicalId)).toEqual(["A"]);
  });
});

describe("failure", () => {
  it("names each resource that failed once, not those that waited for it", async () => {
    const { deploy } = prepare({
      only: resources({ A: thing({ Fails: "no room" }), B: thing({ Target: { Ref: "A" } }), C: thing({ Fails: "no luck" }) }),
    });
    const error = await deploy().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeploymentFailed);
    expect(error).toMatchObject({
      faults: [
        { stack: "only", at: "A", type: "Test::Thing", problem: "no room" },
        { stack: "only", at: "C", type: "Test::Thing", problem: "no luck" },
      ],
    });
  });
});
