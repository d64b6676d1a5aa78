import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  GetUserCommand,
  IAMClient,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  type Credentials as Issued,
  STSClient,
} from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { Credentials } from "../../../emulator/service.ts";
import { type EnabledDevice, enableDevice } from "../../support/authenticator.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const account = "111122223333";
const roleArn = `arn:aws:iam::${account}:role/r`;
const aliceArn = `arn:aws:iam::${account}:user/alice`;
const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const trusting = (statement: object = {}) =>
  policy({ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole", ...statement });

let emulator: TestEmulator;
let clock: MovableClock;
let iam: IAMClient;
let alice: Credentials;
let device: EnabledDevice;

const keysOf = (issued: Issued | undefined): Credentials => ({
  accessKeyId: issued?.AccessKeyId ?? "",
  secretAccessKey: issued?.SecretAccessKey ?? "",
  sessionToken: issued?.SessionToken ?? "",
});
const sts = (credentials: Credentials): STSClient => emulator.client(STSClient, credentials);
const mfaSession = async (): Promise<Credentials> =>
  keysOf(
    (await sts(alice).send(new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode: device.authenticator.code() })))
      .Credentials,
  );
const assume = (credentials: Credentials, input: Partial<AssumeRoleCommandInput> = {}) =>
  sts(credentials).send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "run-1", ...input }));
const trust = (PolicyDocument: string) => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "r", PolicyDocument }));

beforeEach(async () => {
  clock = new MovableClock({ frozenAtMs: Date.UTC(2026, 0, 5, 12) });
  emulator = await startTestEmulator({ clock });
  iam = emulator.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: "alice" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
  alice = { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
  await iam.send(
    new PutUserPolicyCommand({
      UserName: "alice",
      PolicyName: "assume",
      PolicyDocument: policy({ Effect: "Allow", Action: "sts:*", Resource: roleArn }),
    }),
  );
  await iam.send(
    new CreateRoleCommand({
      RoleName: "r",
      AssumeRolePolicyDocument: trusting(),
      MaxSessionDuration: 7200,
      Tags: [{ Key: "team", Value: "x" }],
    }),
  );
  device = await enableDevice(iam, { userName: "alice", clock });
});
afterEach(() => emulator.stop());

describe("GetSessionToken", () => {
  test("gives credentials that carry the MFA, until they end", async () => {
    const issued = (
      await sts(alice).send(
        new GetSessionTokenCommand({ DurationSeconds: 900, SerialNumber: device.serialNumber, TokenCode: device.authenticator.code() }),
      )
    ).Credentials;
    expect(issued?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(issued?.Expiration).toEqual(new Date(clock.now() + 900_000));
    const client = sts(keysOf(issued));
    expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: aliceArn });
    await trust(
      trusting({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" }, NumericLessThan: { "aws:MultiFactorAuthAge": "900" } } }),
    );
    await assume(keysOf(issued));
    await clock.advance(900_000);
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "ExpiredToken",
      $metadata: { httpStatusCode: 403 },
    });
  });

  test.each([
    [
      "a wrong code",
      () => ({ TokenCode: device.authenticator.wrongCode() }),
      "AccessDenied",
      "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ],
    [
      "a device of nobody",
      () => ({ SerialNumber: `arn:aws:iam::${account}:mfa/nobody` }),
      "AccessDenied",
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    ],
    [
      "a code of five digits",
      () => ({ TokenCode: "12345" }),
      "ValidationError",
      "1 validation error detected: Value '12345' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6",
    ],
    [
      "899 seconds",
      () => ({ DurationSeconds: 899 }),
      "ValidationError",
      "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      "129601 seconds",
      () => ({ DurationSeconds: 129_601 }),
      "ValidationError",
      "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600",
    ],
  ])("refuses %s", async (_, change, name, message) => {
    const input = { SerialNumber: device.serialNumber, TokenCode: device.authenticator.code(), ...change() };
    await expect(sts(alice).send(new GetSessionTokenCommand(input))).rejects.toMatchObject({ name, message });
  });

  test("takes each code once, and none older than the newest it has taken", async () => {
    const input = { SerialNumber: device.serialNumber, TokenCode: device.authenticator.code() };
    await sts(alice).send(new GetSessionTokenCommand(input));
    await expect(sts(alice).send(new GetSessionTokenCommand(input))).rejects.toMatchObject({ name: "AccessDenied" });
    await clock.advance(30_000);
    await expect(sts(alice).send(new GetSessionTokenCommand(input))).rejects.toMatchObject({ name: "AccessDenied" });
    await mfaSession();
  });

  test("takes a code that is one step old, and refuses one that is two steps old", async () => {
    const TokenCode = device.authenticator.code();
    await clock.advance(60_000);
    await expect(sts(alice).send(new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    const late = device.authenticator.code();
    await clock.advance(30_000);
    await sts(alice).send(new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode: late }));
  });

  test("is not for sessions", async () => {
    await expect(sts(await mfaSession()).send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: "AccessDenied",
      message: "Cannot call GetSessionToken with session credentials",
    });
    const { Credentials: role } = await assume(alice);
    await expect(sts(keysOf(role)).send(new GetSessionTokenCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("without MFA gives a session that IAM refuses and that says so to policies", async () => {
    const plain = keysOf((await sts(alice).send(new GetSessionTokenCommand({}))).Credentials);
    await expect(emulator.client(IAMClient, plain).send(new GetUserCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
    await trust(trusting({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "false" } } }));
    await assume(plain);
    // A long-term key has no such context at all.
    await expect(assume(alice)).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("AssumeRole", () => {
  test("names the session, and takes the role's permissions and tags", async () => {
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "r",
        PolicyName: "p",
        PolicyDocument: policy({
          Effect: "Allow",
          Action: "iam:ListUsers",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalTag/team": "x", "aws:PrincipalArn": roleArn } },
        }),
      }),
    );
    const { Credentials: issued, AssumedRoleUser } = await assume(alice);
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${account}:assumed-role/r/run-1`);
    expect(AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{16}:run-1$/);
    expect((await emulator.client(IAMClient, keysOf(issued)).send(new ListUsersCommand({}))).Users).toHaveLength(2);
  });

  test("narrows the session by its own policy", async () => {
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "r",
        PolicyName: "p",
        PolicyDocument: policy({ Effect: "Allow", Action: "iam:*", Resource: "*" }),
      }),
    );
    const { Credentials: issued, PackedPolicySize } = await assume(alice, {
      Policy: policy({ Effect: "Allow", Action: "iam:GetUser", Resource: "*" }),
    });
    expect(PackedPolicySize).toBeGreaterThan(0);
    const narrowed = emulator.client(IAMClient, keysOf(issued));
    await narrowed.send(new GetUserCommand({ UserName: "alice" }));
    await expect(narrowed.send(new ListUsersCommand({}))).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("because no session policy allows the iam:ListUsers action"),
    });
  });

  test.each([
    ["the ExternalId is missing", { StringEquals: { "sts:ExternalId": "e-1" } }, {}],
    ["the ExternalId is another", { StringEquals: { "sts:ExternalId": "e-1" } }, { ExternalId: "e-2" }],
    ["no MFA was used", { Bool: { "aws:MultiFactorAuthPresent": "true" } }, {}],
    ["the call came from outside the VPC", { StringEquals: { "aws:SourceVpce": "vpce-1" } }, {}],
  ])("is refused when %s", async (_, Condition, input) => {
    await trust(trusting({ Condition }));
    await expect(assume(alice, input)).rejects.toMatchObject({
      name: "AccessDenied",
      message: `User: ${aliceArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("tells nothing of a role that does not exist", async () => {
    const RoleArn = `arn:aws:iam::${account}:role/none`;
    await expect(assume(alice, { RoleArn })).rejects.toMatchObject({
      name: "AccessDenied",
      message: `User: ${aliceArn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
    });
  });

  test("needs sts:SetSourceIdentity for a source identity, which then stays for the chain", async () => {
    await expect(assume(alice, { SourceIdentity: "alice" })).rejects.toMatchObject({
      message: expect.stringContaining("sts:SetSourceIdentity"),
    });
    await trust(
      trusting({ Action: ["sts:AssumeRole", "sts:SetSourceIdentity"], Condition: { StringEquals: { "sts:SourceIdentity": "alice" } } }),
    );
    const { Credentials: issued, SourceIdentity } = await assume(alice, { SourceIdentity: "alice" });
    expect(SourceIdentity).toBe("alice");
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "r",
        PolicyName: "p",
        PolicyDocument: policy({ Effect: "Allow", Action: "sts:*", Resource: roleArn }),
      }),
    );
    expect((await assume(keysOf(issued))).SourceIdentity).toBe("alice");
    await expect(assume(keysOf(issued), { SourceIdentity: "mallory" })).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("needs sts:TagSession for tags, which policies then see", async () => {
    const Tags = [{ Key: "run", Value: "1" }];
    await expect(assume(alice, { Tags })).rejects.toMatchObject({ message: expect.stringContaining("sts:TagSession") });
    await trust(trusting({ Action: ["sts:AssumeRole", "sts:TagSession"] }));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "r",
        PolicyName: "p",
        PolicyDocument: policy({
          Effect: "Allow",
          Action: "iam:ListUsers",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalTag/run": "1" } },
        }),
      }),
    );
    const { Credentials: issued } = await assume(alice, { Tags });
    await emulator.client(IAMClient, keysOf(issued)).send(new ListUsersCommand({}));
  });

  test.each([
    ["a session name with a slash", { RoleSessionName: "a/b" }, "ValidationError"],
    ["longer than the role allows", { DurationSeconds: 7201 }, "ValidationError"],
    ["a policy that is none", { Policy: "{}" }, "MalformedPolicyDocumentException"],
  ])("refuses %s", async (_, input, name) => {
    await expect(assume(alice, input)).rejects.toMatchObject({ name });
  });

  test("through a role's session lasts an hour at most; through an MFA session as long as the role allows", async () => {
    const { Credentials: chained } = await assume(alice);
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "r",
        PolicyName: "p",
        PolicyDocument: policy({ Effect: "Allow", Action: "sts:*", Resource: roleArn }),
      }),
    );
    await expect(assume(keysOf(chained), { DurationSeconds: 3601 })).rejects.toMatchObject({ name: "ValidationError" });
    expect((await assume(await mfaSession(), { DurationSeconds: 7200 })).Credentials?.Expiration).toEqual(
      new Date(clock.now() + 7_200_000),
    );
  });

  test("spends the code that it was given", async () => {
    await trust(trusting({ Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }));
    const mfa = { SerialNumber: device.serialNumber, TokenCode: device.authenticator.code() };
    await assume(alice, mfa);
    await expect(assume(alice, mfa)).rejects.toMatchObject({
      message: "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    });
  });

  test("credentials die with their role", async () => {
    const { Credentials: issued } = await assume(alice);
    await iam.send(new DeleteRoleCommand({ RoleName: "r" }));
    await iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: trusting() }));
    await expect(sts(keysOf(issued)).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
  });
});

test("a service assumes a role for the resource that the role trusts it for, and for no other", async () => {
  await trust(
    policy({
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { ArnLike: { "aws:SourceArn": "arn:aws:lambda:*:*:function:f" }, StringEquals: { "aws:SourceAccount": account } },
    }),
  );
  const of = { service: "lambda.amazonaws.com", roleArn, sessionName: "f", sourceArn: `arn:aws:lambda:us-east-1:${account}:function:f` };
  const session = await emulator.roles.assumeAsService(of);
  expect(await sts(session).send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: `arn:aws:sts::${account}:assumed-role/r/f` });
  await expect(emulator.roles.assumeAsService({ ...of, sourceArn: `${of.sourceArn}-other` })).rejects.toMatchObject({
    code: "AccessDenied",
  });
  await expect(emulator.roles.assumeAsService({ ...of, service: "ecs-tasks.amazonaws.com" })).rejects.toMatchObject({
    code: "AccessDenied",
  });
});

test("tells whose key an id is", async () => {
  const client = sts(emulator.administrator);
  expect((await client.send(new GetAccessKeyInfoCommand({ AccessKeyId: alice.accessKeyId }))).Account).toBe(account);
});

test("names the operation that it does not model", async () => {
  await expect(sts(emulator.administrator).send(new GetFederationTokenCommand({ Name: "x" }))).rejects.toMatchObject({
    name: "NotImplemented",
    message: "sts:GetFederationToken is not modelled by this emulator (docs/emulator.md lists what is).",
  });
});
