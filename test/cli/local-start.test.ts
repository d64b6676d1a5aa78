import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateUserCommand, IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { keyturn, type Started, startKeyturn } from "./keyturn-process.ts";

interface Ready {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly configFile: string;
  readonly profiles: readonly string[];
  readonly admins: Readonly<Record<string, { totpSeed: string }>>;
}

/** The profile's own keys, as any SDK reads them from the config file. */
function keysOf(configFile: string, profile: string) {
  const section =
    readFileSync(configFile, "utf8")
      .split(/^\[profile /m)
      .find((text) => text.startsWith(`${profile}]`)) ?? "";
  const settings = Object.fromEntries(
    section.split("\n").flatMap((line) => (line.includes(" = ") ? [line.split(" = ")] : [])) as [string, string][],
  );
  return {
    accessKeyId: settings["aws_access_key_id"] ?? "",
    secretAccessKey: settings["aws_secret_access_key"] ?? "",
    ...(settings["aws_session_token"] === undefined ? {} : { sessionToken: settings["aws_session_token"] }),
  };
}

describe("keyturn local start", () => {
  let started: Started;
  let ready: Ready;

  beforeAll(async () => {
    started = startKeyturn(["local", "start", "--json"]);
    ready = JSON.parse(await started.firstLine) as Ready;
  });
  afterAll(async () => {
    started.process.kill("SIGKILL");
    await started.ended;
  });

  const client = <Client>(
    ctor: new (options: { endpoint: string; region: string; credentials: ReturnType<typeof keysOf> }) => Client,
    profile: string,
  ) => new ctor({ endpoint: ready.endpoint, region: ready.region, credentials: keysOf(ready.configFile, profile) });

  it("says in its first line where it is and who can sign in", () => {
    expect(ready).toEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      region: "us-east-1",
      account: "111122223333",
      configFile: expect.stringContaining("aws-config") as string,
      profiles: ["operator", "iam-admin", "auditor", "report-reader"],
      admins: { alice: { totpSeed: expect.stringMatching(/^[A-Z2-7]{32,}$/) as string }, bob: { totpSeed: expect.any(String) as string } },
    });
  });

  it("keeps the profiles' keys from other people of this machine", () => {
    expect(statSync(ready.configFile).mode & 0o777).toBe(0o600);
  });

  it("lets the operator start a run", async () => {
    const sfn = client(SFNClient, "operator");
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:keyturn",
        input: JSON.stringify({ job: "credential-report", admin: "alice" }),
      }),
    );
    await expect(sfn.send(new DescribeExecutionCommand({ executionArn }))).resolves.toMatchObject({ status: "RUNNING" });
  });

  it("has the IAM admin signed in with MFA", async () => {
    const identity = await client(STSClient, "iam-admin-session").send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe("arn:aws:iam::111122223333:user/iam-admin");
  });

  it.each(["operator", "auditor"])("does not let %s read an admin's secret", async (profile) => {
    const reading = client(SecretsManagerClient, profile).send(new GetSecretValueCommand({ SecretId: "keyturn/admins/alice" }));
    await expect(reading).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("ends on SIGTERM with 0 and takes its config file with it", async () => {
    started.process.kill("SIGTERM");
    await expect(started.ended).resolves.toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(existsSync(ready.configFile)).toBe(false);
  });
});

describe("keyturn local start --bare", () => {
  it("is an empty account whose administrator may do everything, until Ctrl-C", async () => {
    const started = startKeyturn(["local", "start", "--bare", "--json"]);
    const ready = JSON.parse(await started.firstLine) as Ready;
    expect(ready).toMatchObject({ profiles: ["administrator"], admins: {} });
    const { endpoint, region } = ready;
    const iam = new IAMClient({ endpoint, region, credentials: keysOf(ready.configFile, "administrator") });
    await iam.send(new CreateUserCommand({ UserName: "carol" }));
    const { Users = [] } = await iam.send(new ListUsersCommand({}));
    expect(Users.map(({ UserName }) => UserName)).toEqual(["administrator", "carol"]);
    iam.destroy();
    started.process.kill("SIGINT");
    await expect(started.ended).resolves.toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(ready.configFile)).toBe(false);
  });

  it("tells a person what to type next", async () => {
    const started = startKeyturn(["local", "start", "--bare"]);
    await started.firstLine;
    started.process.kill("SIGINT");
    const { code, stdout } = await started.ended;
    expect(code).toBe(0);
    for (const part of ["export AWS_CONFIG_FILE=", "aws --profile administrator sts get-caller-identity", "Ctrl-C ends it"]) {
      expect(stdout).toContain(part);
    }
  });
});

it("a port that another process has is a clear error, with the way out", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { code, stdout, stderr } = await keyturn("local", "start", "--bare", "--port", String(port));
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(`127.0.0.1:${port}`);
  expect(stderr).toContain("--port");
  expect(stderr).not.toContain("    at ");
});
