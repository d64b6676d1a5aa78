import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteLoginProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DeleteVirtualMFADeviceCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  EnableMFADeviceCommand,
  GenerateCredentialReportCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  GetGroupCommand,
  GetLoginProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  ListVirtualMFADevicesCommand,
  PutRolePermissionsBoundaryCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  paginateListUsers,
  RemoveUserFromGroupCommand,
  ResyncMFADeviceCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UntagRoleCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateLoginProfileCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { Secret, TOTP } from "otpauth";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import { enableDevice } from "../../support/authenticator.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

const account = "111122223333";
const allow = (Action: string, Resource = "*") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

let emulator: TestEmulator;
let iam: IAMClient;
let clock: MovableClock;
beforeEach(async () => {
  clock = new MovableClock();
  emulator = await startTestEmulator({ clock });
  iam = emulator.client(IAMClient);
});
afterEach(() => emulator.stop());

describe("users", () => {
  test("round-trip with path, tags and boundary", async () => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "limit", PolicyDocument: allow("s3:*") }));
    const boundary = Policy?.Arn;
    const { User } = await iam.send(
      new CreateUserCommand({
        UserName: "alice",
        Path: "/keyturn/",
        Tags: [{ Key: "team", Value: "a & <b>" }],
        PermissionsBoundary: boundary,
      }),
    );
    expect(User).toMatchObject({ Arn: `arn:aws:iam::${account}:user/keyturn/alice`, Path: "/keyturn/" });
    expect(User?.UserId).toMatch(/^AIDA[A-Z2-7]{16}$/);
    expect(User?.CreateDate).toBeInstanceOf(Date);
    const read = await iam.send(new GetUserCommand({ UserName: "alice" }));
    expect(read.User?.Tags).toEqual([{ Key: "team", Value: "a & <b>" }]);
    expect(read.User?.PermissionsBoundary?.PermissionsBoundaryArn).toBe(boundary);
    await iam.send(
      new TagUserCommand({
        UserName: "alice",
        Tags: [
          { Key: "team", Value: "c" },
          { Key: "x", Value: "" },
        ],
      }),
    );
    await iam.send(new UntagUserCommand({ UserName: "alice", TagKeys: ["x"] }));
    expect((await iam.send(new ListUserTagsCommand({ UserName: "alice" }))).Tags).toEqual([{ Key: "team", Value: "c" }]);
    await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: "alice" }));
    expect((await iam.send(new GetUserCommand({ UserName: "alice" }))).User?.PermissionsBoundary).toBeUndefined();
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: "alice", PermissionsBoundary: boundary }));
    await iam.send(new DeleteUserCommand({ UserName: "alice" }));
    await expect(iam.send(new GetUserCommand({ UserName: "alice" }))).rejects.toMatchObject({
      name: "NoSuchEntityException",
      message: "The user with name alice cannot be found.",
      $metadata: { httpStatusCode: 404 },
    });
  });

  test("without a name, GetUser answers for the caller", async () => {
    expect((await iam.send(new GetUserCommand({}))).User?.UserName).toBe("administrator");
  });

  test("are listed page by page until nothing is left", async () => {
    for (const name of ["c", "a", "b"]) await iam.send(new CreateUserCommand({ UserName: name }));
    const first = await iam.send(new ListUsersCommand({ MaxItems: 2 }));
    expect(first.IsTruncated).toBe(true);
    const pages: string[][] = [];
    for await (const page of paginateListUsers({ client: iam, pageSize: 2 }, {}))
      pages.push((page.Users ?? []).map(({ UserName }) => UserName ?? ""));
    expect(pages).toEqual([
      ["a", "administrator"],
      ["b", "c"],
    ]);
    const exact = await iam.send(new ListUsersCommand({ MaxItems: 4 }));
    expect([exact.IsTruncated, exact.Marker]).toEqual([false, undefined]);
  });

  test.each([
    ["a name that differs in case only", () => new CreateUserCommand({ UserName: "ADMINISTRATOR" }), "EntityAlreadyExistsException"],
    ["a name with a space", () => new CreateUserCommand({ UserName: "a b" }), "ValidationError"],
    ["a path without slashes", () => new CreateUserCommand({ UserName: "a", Path: "x" }), "ValidationError"],
    [
      "a boundary that does not exist",
      () => new CreateUserCommand({ UserName: "a", PermissionsBoundary: `arn:aws:iam::${account}:policy/no` }),
      "NoSuchEntityException",
    ],
  ])("are refused with %s", async (_, command, name) => {
    await expect(iam.send(command())).rejects.toMatchObject({ name });
  });

  test("cannot be deleted while anything hangs on them", async () => {
    await iam.send(new CreateUserCommand({ UserName: "a" }));
    await iam.send(new PutUserPolicyCommand({ UserName: "a", PolicyName: "p", PolicyDocument: allow("s3:*") }));
    await expect(iam.send(new DeleteUserCommand({ UserName: "a" }))).rejects.toMatchObject({
      name: "DeleteConflictException",
      message: "Cannot delete entity, must delete policies first.",
    });
    await iam.send(new DeleteUserPolicyCommand({ UserName: "a", PolicyName: "p" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "a" }));
    await expect(iam.send(new DeleteUserCommand({ UserName: "a" }))).rejects.toMatchObject({
      message: "Cannot delete entity, must delete access keys first.",
    });
    await iam.send(new DeleteAccessKeyCommand({ UserName: "a", AccessKeyId: AccessKey?.AccessKeyId }));
    await iam.send(new DeleteUserCommand({ UserName: "a" }));
  });

  test("have inline policies that come back percent-encoded", async () => {
    await iam.send(new CreateUserCommand({ UserName: "a" }));
    await iam.send(new PutUserPolicyCommand({ UserName: "a", PolicyName: "p", PolicyDocument: allow("s3:*") }));
    const { PolicyDocument } = await iam.send(new GetUserPolicyCommand({ UserName: "a", PolicyName: "p" }));
    expect(PolicyDocument?.startsWith("%7B")).toBe(true);
    expect(decodeURIComponent(PolicyDocument ?? "")).toBe(allow("s3:*"));
    expect((await iam.send(new ListUserPoliciesCommand({ UserName: "a" }))).PolicyNames).toEqual(["p"]);
  });

  test.each([
    ["text that is not JSON", "{"],
    ["an unknown element", JSON.stringify({ Version: "2012-10-17", Statements: [] })],
    [
      "a principal",
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "*" }] }),
    ],
    ["no resource", JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*" }] })],
  ])("refuse a policy document with %s", async (_, PolicyDocument) => {
    await expect(iam.send(new PutUserPolicyCommand({ UserName: "administrator", PolicyName: "p", PolicyDocument }))).rejects.toMatchObject({
      name: "MalformedPolicyDocumentException",
    });
  });
});

test("groups give their members what they hold", async () => {
  await iam.send(new CreateUserCommand({ UserName: "a" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "a" }));
  const own = emulator.client(IAMClient, { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" });
  await expect(own.send(new ListUsersCommand({}))).rejects.toMatchObject({
    name: "AccessDenied",
    message: `User: arn:aws:iam::${account}:user/a is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${account}:user/ because no identity-based policy allows the iam:ListUsers action`,
  });
  await iam.send(new CreateGroupCommand({ GroupName: "readers", Path: "/x/" }));
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "list", PolicyDocument: allow("iam:ListUsers") }));
  await iam.send(new AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn: Policy?.Arn }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "readers", UserName: "a" }));
  expect((await own.send(new ListUsersCommand({}))).Users).toHaveLength(2);
  expect((await iam.send(new GetGroupCommand({ GroupName: "readers" }))).Users?.map(({ UserName }) => UserName)).toEqual(["a"]);
  expect((await iam.send(new ListGroupsCommand({ PathPrefix: "/x/" }))).Groups?.map(({ GroupName }) => GroupName)).toEqual(["readers"]);
  expect((await iam.send(new ListGroupsForUserCommand({ UserName: "a" }))).Groups?.map(({ GroupName }) => GroupName)).toEqual(["readers"]);
  expect(
    (await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName: "readers" }))).AttachedPolicies?.map(({ PolicyName }) => PolicyName),
  ).toEqual(["list"]);
  await expect(iam.send(new DeleteGroupCommand({ GroupName: "readers" }))).rejects.toMatchObject({ name: "DeleteConflictException" });
  await iam.send(new RemoveUserFromGroupCommand({ GroupName: "readers", UserName: "a" }));
  await expect(own.send(new ListUsersCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  await iam.send(new DetachGroupPolicyCommand({ GroupName: "readers", PolicyArn: Policy?.Arn }));
  await iam.send(new DeleteGroupCommand({ GroupName: "readers" }));
});

describe("roles", () => {
  test("round-trip with trust, tags, boundary and session limit", async () => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "limit", PolicyDocument: allow("s3:*") }));
    const created = await iam.send(
      new CreateRoleCommand({
        RoleName: "r",
        AssumeRolePolicyDocument: trust,
        MaxSessionDuration: 7200,
        Description: "d",
        Tags: [{ Key: "k", Value: "v" }],
      }),
    );
    expect(created.Role).toMatchObject({
      Arn: `arn:aws:iam::${account}:role/r`,
      MaxSessionDuration: 7200,
      Tags: [{ Key: "k", Value: "v" }],
    });
    expect(decodeURIComponent(created.Role?.AssumeRolePolicyDocument ?? "")).toBe(trust);
    await iam.send(new UpdateRoleCommand({ RoleName: "r", MaxSessionDuration: 3600 }));
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "r", PolicyDocument: trust.replace("lambda", "ecs-tasks") }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: "r", PermissionsBoundary: Policy?.Arn }));
    await iam.send(new TagRoleCommand({ RoleName: "r", Tags: [{ Key: "k2", Value: "v2" }] }));
    await iam.send(new UntagRoleCommand({ RoleName: "r", TagKeys: ["k"] }));
    const read = await iam.send(new GetRoleCommand({ RoleName: "r" }));
    expect(read.Role).toMatchObject({ MaxSessionDuration: 3600, PermissionsBoundary: { PermissionsBoundaryArn: Policy?.Arn } });
    expect(read.Role?.AssumeRolePolicyDocument).toContain("ecs-tasks");
    expect((await iam.send(new ListRoleTagsCommand({ RoleName: "r" }))).Tags).toEqual([{ Key: "k2", Value: "v2" }]);
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "r" }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "r", PolicyArn: Policy?.Arn }));
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "r" }))).AttachedPolicies).toHaveLength(1);
    await expect(iam.send(new DeleteRoleCommand({ RoleName: "r" }))).rejects.toMatchObject({ name: "DeleteConflictException" });
    await iam.send(new DetachRolePolicyCommand({ RoleName: "r", PolicyArn: Policy?.Arn }));
    await iam.send(new DeleteRoleCommand({ RoleName: "r" }));
    expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
  });

  test("refuse a trust policy that names a user who does not exist", async () => {
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:user/nobody` }, Action: "sts:AssumeRole" }],
    });
    await expect(iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument }))).rejects.toMatchObject({
      name: "MalformedPolicyDocumentException",
      message: `Invalid principal in policy: "AWS":"arn:aws:iam::${account}:user/nobody"`,
    });
  });
});

test("managed policies have at most five versions, one of them in force", async () => {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "p", PolicyDocument: allow("s3:*"), Description: "d" }));
  const PolicyArn = Policy?.Arn;
  const second = await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow("iam:*"), SetAsDefault: true }));
  expect(second.PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: true });
  for (let n = 3; n <= 5; n++) await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow("iam:*") }));
  await expect(iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow("iam:*") }))).rejects.toMatchObject({
    name: "LimitExceededException",
  });
  expect((await iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions?.map(({ VersionId }) => VersionId)).toEqual([
    "v1",
    "v2",
    "v3",
    "v4",
    "v5",
  ]);
  await expect(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }))).rejects.toMatchObject({
    name: "DeleteConflictException",
  });
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
  const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
  expect(decodeURIComponent(version.PolicyVersion?.Document ?? "")).toBe(allow("s3:*"));
  expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
    DefaultVersionId: "v1",
    AttachmentCount: 0,
    Description: "d",
  });
  await iam.send(new AttachUserPolicyCommand({ UserName: "administrator", PolicyArn }));
  expect((await iam.send(new ListAttachedUserPoliciesCommand({ UserName: "administrator" }))).AttachedPolicies).toEqual([
    { PolicyName: "p", PolicyArn },
  ]);
  expect((await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyUsers?.map(({ UserName }) => UserName)).toEqual([
    "administrator",
  ]);
  expect((await iam.send(new ListPoliciesCommand({ OnlyAttached: true, Scope: "Local" }))).Policies).toHaveLength(1);
  await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({ name: "DeleteConflictException" });
  await iam.send(new DetachUserPolicyCommand({ UserName: "administrator", PolicyArn }));
  for (const VersionId of ["v2", "v3", "v4", "v5"]) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
});

test("access keys: two per user, switched off at once, their last use on record", async () => {
  await iam.send(new CreateUserCommand({ UserName: "a" }));
  await iam.send(new PutUserPolicyCommand({ UserName: "a", PolicyName: "p", PolicyDocument: allow("iam:GetUser") }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: "a" }));
  const AccessKeyId = key?.AccessKeyId;
  const unused = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
  expect(unused.AccessKeyLastUsed).toEqual({ ServiceName: "N/A", Region: "N/A" });
  const own = emulator.client(IAMClient, { accessKeyId: AccessKeyId ?? "", secretAccessKey: key?.SecretAccessKey ?? "" });
  await own.send(new GetUserCommand({}));
  const used = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
  expect(used).toMatchObject({ UserName: "a", AccessKeyLastUsed: { ServiceName: "iam", Region: "us-east-1" } });
  expect(used.AccessKeyLastUsed?.LastUsedDate).toBeInstanceOf(Date);
  await iam.send(new CreateAccessKeyCommand({ UserName: "a" }));
  await expect(iam.send(new CreateAccessKeyCommand({ UserName: "a" }))).rejects.toMatchObject({
    name: "LimitExceededException",
    message: "Cannot exceed quota for AccessKeysPerUser: 2",
  });
  await iam.send(new UpdateAccessKeyCommand({ UserName: "a", AccessKeyId, Status: "Inactive" }));
  expect((await iam.send(new ListAccessKeysCommand({ UserName: "a" }))).AccessKeyMetadata?.map(({ Status }) => Status).sort()).toEqual([
    "Active",
    "Inactive",
  ]);
  await expect(own.send(new GetUserCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
});

describe("virtual MFA devices", () => {
  test("are enabled by two consecutive codes, listed, resynchronised and removed", async () => {
    await iam.send(new CreateUserCommand({ UserName: "a" }));
    const { VirtualMFADevice: created } = await iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: "phone", Path: "/keyturn/" }),
    );
    const SerialNumber = created?.SerialNumber;
    expect(SerialNumber).toBe(`arn:aws:iam::${account}:mfa/keyturn/phone`);
    expect(Buffer.from(created?.QRCodePNG ?? []).toString("latin1", 1, 4)).toBe("PNG");
    const phone = new TOTP({ secret: Secret.fromBase32(new TextDecoder().decode(created?.Base32StringSeed)) });
    const code = (timestamp: number) => phone.generate({ timestamp });
    const now = clock.now();
    const enable = (first: number, second: number) =>
      iam.send(
        new EnableMFADeviceCommand({
          UserName: "a",
          SerialNumber,
          AuthenticationCode1: code(now + first),
          AuthenticationCode2: code(now + second),
        }),
      );
    await expect(enable(0, 0)).rejects.toMatchObject({ name: "InvalidAuthenticationCodeException", $metadata: { httpStatusCode: 403 } });
    await expect(enable(0, 60_000)).rejects.toMatchObject({ name: "InvalidAuthenticationCodeException" });
    await enable(-30_000, 0);
    await expect(enable(30_000, 60_000)).rejects.toMatchObject({ name: "EntityAlreadyExistsException" });
    expect((await iam.send(new ListMFADevicesCommand({ UserName: "a" }))).MFADevices).toMatchObject([{ UserName: "a", SerialNumber }]);
    expect((await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: "Assigned" }))).VirtualMFADevices).toMatchObject([
      { User: { UserName: "a" } },
    ]);
    expect((await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: "Unassigned" }))).VirtualMFADevices).toEqual([]);
    const resync = {
      UserName: "a",
      SerialNumber,
      AuthenticationCode1: code(now + 30_000),
      AuthenticationCode2: code(now + 60_000),
    };
    await iam.send(new ResyncMFADeviceCommand(resync));
    await expect(iam.send(new ResyncMFADeviceCommand(resync))).rejects.toMatchObject({ name: "InvalidAuthenticationCodeException" });
    await expect(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }))).rejects.toMatchObject({ name: "DeleteConflictException" });
    await iam.send(new DeactivateMFADeviceCommand({ UserName: "a", SerialNumber }));
    await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
    await iam.send(new DeleteUserCommand({ UserName: "a" }));
  });
});

test("login profiles are created, changed and deleted", async () => {
  await iam.send(new CreateUserCommand({ UserName: "a" }));
  await expect(iam.send(new CreateLoginProfileCommand({ UserName: "a", Password: "short" }))).rejects.toMatchObject({
    name: "PasswordPolicyViolationException",
  });
  await iam.send(new CreateLoginProfileCommand({ UserName: "a", Password: "Correct-horse-1", PasswordResetRequired: true }));
  expect((await iam.send(new GetLoginProfileCommand({ UserName: "a" }))).LoginProfile).toMatchObject({
    UserName: "a",
    PasswordResetRequired: true,
  });
  await iam.send(new UpdateLoginProfileCommand({ UserName: "a", PasswordResetRequired: false }));
  await iam.send(new DeleteLoginProfileCommand({ UserName: "a" }));
  await expect(iam.send(new GetLoginProfileCommand({ UserName: "a" }))).rejects.toMatchObject({ name: "NoSuchEntityException" });
});

test("the credential report has a row per user and says who has MFA", async () => {
  await expect(iam.send(new GetCredentialReportCommand({}))).rejects.toMatchObject({ name: "CredentialReportNotPresentException" });
  await iam.send(new CreateUserCommand({ UserName: "alice" }));
  await enableDevice(iam, { userName: "alice", clock });
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe("STARTED");
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe("COMPLETE");
  const { Content, ReportFormat } = await iam.send(new GetCredentialReportCommand({}));
  expect(ReportFormat).toBe("text/csv");
  const [header = "", root = "", ...users] = new TextDecoder().decode(Content).split("\n");
  expect(header.split(",")).toHaveLength(22);
  expect(root.startsWith("<root_account>,")).toBe(true);
  const mfa = header.split(",").indexOf("mfa_active");
  expect(users.map((row) => [row.split(",")[0], row.split(",")[mfa]])).toEqual([
    ["administrator", "false"],
    ["alice", "true"],
  ]);
  await clock.advance(4 * 3_600_000);
  await expect(iam.send(new GetCredentialReportCommand({}))).rejects.toMatchObject({ name: "CredentialReportExpiredException" });
});

test("the account summary counts what exists", async () => {
  expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({ Users: 1, Groups: 0, AccessKeysPerUserQuota: 2 });
});

test("the simulator decides as the gateway does", async () => {
  const custom = await iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: "s3:Get*", Resource: "arn:aws:s3:::b/*", Condition: { StringEquals: { "aws:username": "a" } } },
            { Effect: "Deny", Action: "s3:GetObjectAcl", Resource: "*" },
          ],
        }),
      ],
      ActionNames: ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject"],
      ResourceArns: ["arn:aws:s3:::b/k"],
      ContextEntries: [{ ContextKeyName: "aws:username", ContextKeyValues: ["a"], ContextKeyType: "string" }],
    }),
  );
  expect(custom.EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "explicitDeny", "implicitDeny"]);
  const principal = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${account}:user/administrator`,
      ActionNames: ["ec2:RunInstances"],
    }),
  );
  expect(principal.EvaluationResults).toMatchObject([{ EvalDecision: "allowed", EvalResourceName: "*" }]);
});
