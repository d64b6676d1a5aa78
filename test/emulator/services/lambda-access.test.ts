// What Lambda asks IAM: for its callers, for its functions' network interfaces, and for keys over their variables.

import { AddPermissionCommand, GetPolicyCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { beforeAll, describe, expect, it } from "vitest";
import { account, client, createFunction, invoke, useFunctionAccount } from "../processes/function-account.ts";
import { type Statement, writeLogs } from "../processes/workload-account.ts";

useFunctionAccount();

const network = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"];

describe("who may invoke", () => {
  const session = async (name: string, statements: Statement[]) =>
    account.roles.assumeAsService({
      service: "states.amazonaws.com",
      roleArn: await account.role(name, { service: "states.amazonaws.com", statements }),
      sessionName: "test",
      sourceArn: "arn:aws:states:us-east-1:111122223333:stateMachine:test",
    });
  const allow = (Resource: string): Statement => ({ Action: "lambda:InvokeFunction", Resource });
  const guarded = "arn:aws:lambda:us-east-1:111122223333:function:guarded";

  beforeAll(() => createFunction("guarded", "index.echo"));

  it.each([
    ["its policy names the function", [allow(guarded)], true],
    ["its policy names another function", [allow(`${guarded}-not`)], false],
    ["it has no policy", [], false],
  ] as const)("a role, when %s: %s", async (title, statements, isAllowed) => {
    const caller = account.client(LambdaClient, await session(title.replaceAll(" ", "-"), [...statements]));
    const sent = caller.send(new InvokeCommand({ FunctionName: "guarded" }));
    if (isAllowed) expect((await sent).StatusCode).toBe(200);
    else
      await expect(sent).rejects.toMatchObject({
        name: "AccessDeniedException",
        message: expect.stringContaining("lambda:InvokeFunction"),
      });
  });

  it("a role that only the function's own policy allows", async () => {
    const credentials = await session("Outsider", []);
    const Principal = "arn:aws:iam::111122223333:role/Outsider";
    await client.send(
      new AddPermissionCommand({ FunctionName: "guarded", StatementId: "outsider", Action: "lambda:InvokeFunction", Principal }),
    );
    expect((await account.client(LambdaClient, credentials).send(new InvokeCommand({ FunctionName: "guarded" }))).StatusCode).toBe(200);
    const { Policy } = await client.send(new GetPolicyCommand({ FunctionName: "guarded" }));
    expect(JSON.parse(Policy ?? "")).toMatchObject({ Statement: [{ Sid: "outsider", Principal: { AWS: Principal }, Resource: guarded }] });
  });
});

describe("a function in a VPC", () => {
  const inVpc = () => ({ VpcConfig: { SubnetIds: [account.subnetId], SecurityGroupIds: [account.securityGroupId] } });

  it("calls from an address of its subnet", async () => {
    const Role = await account.role("VpcRole", {
      service: "lambda.amazonaws.com",
      statements: [writeLogs, { Action: network, Resource: "*" }],
    });
    const caller = await account.folder({
      "index.mjs": `export const handler = async () => {
        const reply = await fetch(process.env.AWS_ENDPOINT_URL, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "Action=GetCallerIdentity&Version=2011-06-15" });
        return reply.status;
      };`,
    });
    await createFunction("in-vpc", "index.handler", { Role, Code: { S3Bucket: "assets", S3Key: caller }, ...inVpc() });
    const before = account.calls.length;
    await invoke("in-vpc");
    // Unsigned, so refused; the gateway has seen where it came from.
    expect(JSON.stringify(account.calls.slice(before))).toContain("10.0.1.");
  });

  it.each(network)("is refused when its role lacks %s", async (missing) => {
    const statements = [{ Action: network.filter((action) => action !== missing), Resource: "*" }];
    const Role = await account.role(`Lacks${missing.slice(4)}`, { service: "lambda.amazonaws.com", statements });
    await expect(createFunction(`lacks-${missing.slice(4)}`, "index.echo", { Role, ...inVpc() })).rejects.toThrow(
      `The provided execution role does not have permissions to call ${missing.slice(4)} on EC2`,
    );
  });
});

describe("environment variables under a customer's key", () => {
  it.each([
    [true, "starts"],
    [false, "is refused"],
  ])("when the role may decrypt: %s, the function %s", async (mayDecrypt) => {
    const suffix = mayDecrypt ? "may" : "may-not";
    const KeyPolicy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" }],
    };
    const key = await account.create("AWS::KMS::Key", { KeyPolicy }, `Key${suffix}`);
    const arn = `arn:aws:lambda:us-east-1:111122223333:function:sealed-${suffix}`;
    const Condition = {
      StringEquals: { "kms:EncryptionContext:aws:lambda:FunctionArn": arn, "kms:ViaService": "lambda.us-east-1.amazonaws.com" },
    };
    const statements = mayDecrypt ? [{ Action: "kms:Decrypt", Resource: String(key.attributes["Arn"]), Condition }] : [];
    const Role = await account.role(`Sealed-${suffix}`, { service: "lambda.amazonaws.com", statements });
    await createFunction(`sealed-${suffix}`, "index.echo", {
      Role,
      KmsKeyArn: key.attributes["Arn"],
      Environment: { Variables: { A: "b" } },
    });
    if (mayDecrypt) expect((await invoke(`sealed-${suffix}`)).answer).toMatchObject({ name: "sealed-may" });
    else await expect(invoke(`sealed-${suffix}`)).rejects.toMatchObject({ name: "KMSAccessDeniedException" });
  });
});
