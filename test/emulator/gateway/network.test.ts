import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ResourceContext } from "../../../emulator/deploy/resource-type.ts";
import { createKms } from "../../../emulator/services/kms.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const account = "111122223333";
let emulator: TestEmulator;
beforeEach(async () => {
  emulator = await startTestEmulator({ services: ({ environment }) => [createKms(environment)] });
});
afterEach(() => emulator.stop());

const context: ResourceContext = {
  stackName: "s",
  logicalId: "l",
  tags: {},
  generatedName: () => "s-l-ABCDEFGHIJKL",
  assetPath: () => "/nowhere",
};

/** Creates a resource as the template engine does. */
async function create(type: string, properties: Record<string, unknown>): Promise<string> {
  const found = emulator.resourceTypes.find((candidate) => candidate.type === type);
  if (found === undefined) throw new Error(`${type} is not among the resource types`);
  return (await found.create(found.properties.parse(properties), context)).ref;
}

interface Vpc {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly routeTableId: string;
}

async function createVpc(): Promise<Vpc> {
  const vpcId = await create("AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16" });
  const subnetId = await create("AWS::EC2::Subnet", { VpcId: vpcId, CidrBlock: "10.0.1.0/24", AvailabilityZone: "us-east-1a" });
  const routeTableId = await create("AWS::EC2::RouteTable", { VpcId: vpcId });
  await create("AWS::EC2::SubnetRouteTableAssociation", { RouteTableId: routeTableId, SubnetId: subnetId });
  return { vpcId, subnetId, routeTableId };
}

const group = (VpcId: string, more: object = {}) => create("AWS::EC2::SecurityGroup", { VpcId, GroupDescription: "g", ...more });
const stsEndpoint = (vpc: Vpc, more: object = {}) =>
  create("AWS::EC2::VPCEndpoint", {
    VpcId: vpc.vpcId,
    ServiceName: "com.amazonaws.us-east-1.sts",
    VpcEndpointType: "Interface",
    PrivateDnsEnabled: true,
    SubnetIds: [vpc.subnetId],
    ...more,
  });

/** A client as it would run behind a network interface of the subnet. */
async function clientIn<Client extends { destroy(): void }>(
  ctor: new (options: { endpoint: string; region: string; credentials: typeof emulator.administrator; maxAttempts: number }) => Client,
  vpc: Vpc,
  groupIds: readonly string[] = [],
): Promise<{ client: Client; ip: string }> {
  const { ip } = emulator.network.attach(vpc.subnetId, groupIds);
  const { url } = await emulator.gateway.endpointFor({ vpcId: vpc.vpcId, subnetId: vpc.subnetId, ip });
  return { client: new ctor({ endpoint: url, region: "us-east-1", credentials: emulator.administrator, maxAttempts: 1 }), ip };
}

test("a subnet gives its fifth address first, and again once it is released", async () => {
  const { subnetId } = await createVpc();
  const first = emulator.network.attach(subnetId);
  expect([first.ip, emulator.network.attach(subnetId).ip]).toEqual(["10.0.1.4", "10.0.1.5"]);
  first.release();
  expect(emulator.network.attach(subnetId).ip).toBe("10.0.1.4");
});

test("a call through an endpoint carries its network and no source address", async () => {
  const vpc = await createVpc();
  const endpointId = await stsEndpoint(vpc);
  const { client, ip } = await clientIn(STSClient, vpc);
  const iam = emulator.client(IAMClient);
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: account },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceVpce": endpointId, "aws:SourceVpc": vpc.vpcId },
          IpAddress: { "aws:VpcSourceIp": `${ip}/32` },
          Null: { "aws:SourceIp": "true" },
        },
      },
    ],
  });
  await iam.send(new CreateRoleCommand({ RoleName: "inside", AssumeRolePolicyDocument: trust }));
  const assume = new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/inside`, RoleSessionName: "run" });
  expect((await client.send(assume)).AssumedRoleUser?.Arn).toContain("assumed-role/inside/run");
  await expect(emulator.client(STSClient).send(assume)).rejects.toMatchObject({ name: "AccessDenied" });
});

test("an endpoint's policy limits what goes through it", async () => {
  const vpc = await createVpc();
  await stsEndpoint(vpc, {
    PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole", Resource: "*" }] },
  });
  const { client } = await clientIn(STSClient, vpc);
  const iam = emulator.client(IAMClient);
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] }],
  });
  await iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: trust }));
  const input = { RoleArn: `arn:aws:iam::${account}:role/r`, RoleSessionName: "run" };
  await client.send(new AssumeRoleCommand(input));
  await expect(client.send(new AssumeRoleCommand({ ...input, SourceIdentity: "alice" }))).rejects.toMatchObject({ name: "AccessDenied" });
  // Needs no permission, and has to get through the endpoint all the same.
  await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: "AccessDenied",
    message: expect.stringContaining("because no VPC endpoint policy allows the sts:GetCallerIdentity action"),
  });
});

describe("is unreachable", () => {
  test.each<[string, (vpc: Vpc) => Promise<readonly string[]>, string]>([
    ["a service without an endpoint", async () => [], "sts has no endpoint in"],
    [
      "an endpoint of another service",
      async (vpc) => [await stsEndpoint(vpc, { ServiceName: "com.amazonaws.us-east-1.kms" })].slice(1),
      "sts has no endpoint in",
    ],
    [
      "an endpoint without private DNS",
      async (vpc) => [await stsEndpoint(vpc, { PrivateDnsEnabled: false })].slice(1),
      "sts has no endpoint in",
    ],
    [
      "an endpoint whose group lets nobody in",
      async (vpc) => [await stsEndpoint(vpc, { SecurityGroupIds: [await group(vpc.vpcId)] })].slice(1),
      "let nothing in from 10.0.1.",
    ],
    [
      "everything, from a group that lets nothing out",
      async (vpc) => {
        await stsEndpoint(vpc);
        return [
          await group(vpc.vpcId, {
            SecurityGroupEgress: [{ IpProtocol: "icmp", FromPort: 252, ToPort: 86, CidrIp: "255.255.255.255/32" }],
          }),
        ];
      },
      "let nothing out to vpce-",
    ],
  ])("%s", async (_, prepare, because) => {
    const vpc = await createVpc();
    const { client } = await clientIn(STSClient, vpc, await prepare(vpc));
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(emulator.calls.at(-1)).toMatchObject({
      service: "sts",
      outcome: "failed",
      error: { code: "Unreachable", message: expect.stringContaining(because) },
    });
  });
});

test("security groups that name each other let HTTPS through", async () => {
  const vpc = await createVpc();
  const caller = await group(vpc.vpcId, { SecurityGroupEgress: [] });
  const callee = await group(vpc.vpcId, { SecurityGroupEgress: [] });
  const https = { IpProtocol: "tcp", FromPort: 443, ToPort: 443 };
  await create("AWS::EC2::SecurityGroupEgress", { GroupId: caller, DestinationSecurityGroupId: callee, ...https });
  await create("AWS::EC2::SecurityGroupIngress", { GroupId: callee, SourceSecurityGroupId: caller, ...https });
  await stsEndpoint(vpc, { SecurityGroupIds: [callee] });
  const { client } = await clientIn(STSClient, vpc, [caller]);
  expect((await client.send(new GetCallerIdentityCommand({}))).Account).toBe(account);
});

test("a gateway endpoint serves the subnets of its route tables", async () => {
  const vpc = await createVpc();
  const of = { VpcId: vpc.vpcId, ServiceName: "com.amazonaws.us-east-1.s3" };
  const { ip } = emulator.network.attach(vpc.subnetId);
  await create("AWS::EC2::VPCEndpoint", { ...of, RouteTableIds: [] });
  expect(emulator.network.route({ ...vpc, ip }, "s3")).toHaveProperty("unreachable");
  const id = await create("AWS::EC2::VPCEndpoint", { ...of, RouteTableIds: [vpc.routeTableId] });
  expect(emulator.network.route({ ...vpc, ip }, "s3")).toEqual({ vpcEndpointId: id });
});

test("an address that nobody holds reaches nothing", async () => {
  const vpc = await createVpc();
  await stsEndpoint(vpc);
  expect(emulator.network.route({ ...vpc, ip: "10.0.1.200" }, "sts")).toEqual({
    unreachable: `no network interface in ${vpc.vpcId} has the address 10.0.1.200`,
  });
});

test.each([
  ["AWS::EC2::VPC", { CidrBlock: "10.0.0.0/16", Ipv4IpamPoolId: "x" }],
  ["AWS::EC2::VPC", { CidrBlock: "everywhere" }],
  ["AWS::IAM::AccessKey", { UserName: "alice" }],
  ["AWS::IAM::User", { UserName: "alice", LoginProfile: { Password: "x" } }],
])("%s refuses what it does not model: %j", async (type, properties) => {
  await expect(create(type, properties)).rejects.toMatchObject({ name: "ZodError" });
});

test("a role's condition on the region, the time and the session holds what the call really was", async () => {
  const iam = emulator.client(IAMClient);
  const statement = (Condition: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "kms:ListKeys", Resource: "*", Condition }] });
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }],
  });
  await iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: trust }));
  const { Credentials: issued } = await emulator
    .client(STSClient)
    .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/r`, RoleSessionName: "run" }));
  const credentials = {
    accessKeyId: issued?.AccessKeyId ?? "",
    secretAccessKey: issued?.SecretAccessKey ?? "",
    sessionToken: issued?.SessionToken ?? "",
  };
  const kms = emulator.client(KMSClient, credentials);
  const holds = {
    StringEquals: { "aws:RequestedRegion": "us-east-1", "aws:PrincipalType": "AssumedRole", "aws:PrincipalAccount": account },
    StringLike: { "aws:userid": "AROA*:run" },
    ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/r` },
    Bool: {
      "aws:SecureTransport": "true",
      "aws:ViaAWSService": "false",
      "aws:PrincipalIsAWSService": "false",
      "aws:MultiFactorAuthPresent": "false",
    },
    DateGreaterThan: {
      "aws:CurrentTime": new Date(emulator.clock.now() - 60_000).toISOString(),
      "aws:TokenIssueTime": new Date(emulator.clock.now() - 60_000).toISOString(),
    },
    IpAddress: { "aws:SourceIp": "127.0.0.0/8" },
    Null: { "aws:username": "true", "aws:SourceVpce": "true", "aws:MultiFactorAuthAge": "true", "aws:CalledVia": "true" },
  };
  await iam.send(new PutRolePolicyCommand({ RoleName: "r", PolicyName: "p", PolicyDocument: statement(holds) }));
  await kms.send(new ListKeysCommand({}));
  for (const wrong of [
    { Bool: { "aws:SecureTransport": "false" } },
    { StringEquals: { "aws:RequestedRegion": "eu-west-1" } },
    { Null: { "aws:SourceIp": "true" } },
  ]) {
    await iam.send(new PutRolePolicyCommand({ RoleName: "r", PolicyName: "p", PolicyDocument: statement(wrong) }));
    await expect(kms.send(new ListKeysCommand({}))).rejects.toMatchObject({ name: "AccessDeniedException" });
  }
});
