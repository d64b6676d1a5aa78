import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
  ValidateResourcePolicyCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, allow, type DataServices, root, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: SecretsManagerClient;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(SecretsManagerClient);
});
afterAll(() => aws.stop());

const viaSecretsManager = { StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" } };
const policy = (...Statement: readonly object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });

describe("values", () => {
  it("keeps a value and gives it by name, ARN and partial ARN", async () => {
    const made = await admin.send(new CreateSecretCommand({ Name: "app/one", SecretString: "s3cret" }));
    expect(made.ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:111122223333:secret:app\/one-[A-Za-z0-9]{6}$/);
    for (const SecretId of ["app/one", made.ARN, made.ARN?.slice(0, -7)]) {
      const got = await admin.send(new GetSecretValueCommand({ SecretId }));
      expect(got).toMatchObject({ SecretString: "s3cret", VersionId: made.VersionId, VersionStages: ["AWSCURRENT"] });
    }
    const binary = await admin.send(new CreateSecretCommand({ Name: "app/binary", SecretBinary: Uint8Array.of(0, 255) }));
    expect((await admin.send(new GetSecretValueCommand({ SecretId: binary.ARN }))).SecretBinary).toEqual(Uint8Array.of(0, 255));
  });

  it("moves AWSCURRENT and AWSPREVIOUS as versions come, and by hand", async () => {
    const SecretId = "app/staged";
    const first = await admin.send(new CreateSecretCommand({ Name: SecretId, SecretString: "1" }));
    const second = await admin.send(new PutSecretValueCommand({ SecretId, SecretString: "2" }));
    const pending = await admin.send(new PutSecretValueCommand({ SecretId, SecretString: "3", VersionStages: ["AWSPENDING"] }));
    const read = async (VersionStage: string) => (await admin.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;
    expect([await read("AWSCURRENT"), await read("AWSPREVIOUS"), await read("AWSPENDING")]).toEqual(["2", "1", "3"]);
    const promote = { SecretId, VersionStage: "AWSCURRENT", MoveToVersionId: pending.VersionId };
    await expect(admin.send(new UpdateSecretVersionStageCommand(promote))).rejects.toMatchObject({ name: "InvalidParameterException" });
    await admin.send(new UpdateSecretVersionStageCommand({ ...promote, RemoveFromVersionId: second.VersionId }));
    expect([await read("AWSCURRENT"), await read("AWSPREVIOUS")]).toEqual(["3", "2"]);
    const { Versions } = await admin.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }));
    expect(Versions?.map((version) => version.VersionId)).toContain(first.VersionId);
    const { VersionIdsToStages } = await admin.send(new DescribeSecretCommand({ SecretId }));
    expect(VersionIdsToStages).toEqual({
      [second.VersionId ?? ""]: ["AWSPREVIOUS"],
      [pending.VersionId ?? ""]: ["AWSPENDING", "AWSCURRENT"],
    });
  });

  it("writes one version per token, and refuses another value under it", async () => {
    const ClientRequestToken = "11111111-2222-4333-8444-555555555555";
    await admin.send(new CreateSecretCommand({ Name: "app/token" }));
    const put = (SecretString: string) =>
      admin.send(new PutSecretValueCommand({ SecretId: "app/token", SecretString, ClientRequestToken }));
    expect((await put("a")).VersionId).toBe(ClientRequestToken);
    expect((await put("a")).VersionId).toBe(ClientRequestToken);
    await expect(put("b")).rejects.toMatchObject({ name: "ResourceExistsException" });
  });

  it.each([
    ["app/none", undefined, "Secrets Manager can't find the specified secret."],
    ["app/empty", undefined, "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"],
    ["app/empty", "AWSPENDING", "Secrets Manager can't find the specified secret value for staging label: AWSPENDING"],
  ])("says in AWS's words what %s lacks (%s)", async (SecretId, VersionStage, message) => {
    await admin.send(new CreateSecretCommand({ Name: "app/empty" })).catch(() => undefined);
    await expect(admin.send(new GetSecretValueCommand({ SecretId, VersionStage }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message,
    });
  });

  it("deletes after the recovery window, restores within it, and at once when told", async () => {
    const SecretId = "app/deleted";
    await admin.send(new CreateSecretCommand({ Name: SecretId, SecretString: "x" }));
    await admin.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    await expect(admin.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({ name: "InvalidRequestException" });
    await admin.send(new RestoreSecretCommand({ SecretId }));
    await admin.send(new GetSecretValueCommand({ SecretId }));
    await admin.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    await aws.clock.advance(7 * 86_400_000);
    await expect(admin.send(new DescribeSecretCommand({ SecretId }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await admin.send(new CreateSecretCommand({ Name: SecretId, SecretString: "x" }));
    await admin.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    await expect(admin.send(new DescribeSecretCommand({ SecretId }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("secrets", () => {
  it("lists by prefix, a page at a time, with tags", async () => {
    for (const n of [1, 2, 3]) await admin.send(new CreateSecretCommand({ Name: `listed/${n}`, Tags: [{ Key: "n", Value: `${n}` }] }));
    const Filters = [{ Key: "name" as const, Values: ["listed/"] }];
    const first = await admin.send(new ListSecretsCommand({ Filters, MaxResults: 2, SortOrder: "asc" }));
    const rest = await admin.send(new ListSecretsCommand({ Filters, MaxResults: 2, SortOrder: "asc", NextToken: first.NextToken }));
    expect([...(first.SecretList ?? []), ...(rest.SecretList ?? [])].map((secret) => secret.Name)).toEqual([
      "listed/1",
      "listed/2",
      "listed/3",
    ]);
    expect(rest.NextToken).toBeUndefined();
    await admin.send(new TagResourceCommand({ SecretId: "listed/1", Tags: [{ Key: "more", Value: "m" }] }));
    await admin.send(new UntagResourceCommand({ SecretId: "listed/1", TagKeys: ["n"] }));
    expect((await admin.send(new DescribeSecretCommand({ SecretId: "listed/1" }))).Tags).toEqual([{ Key: "more", Value: "m" }]);
  });

  it("makes passwords by the rules", async () => {
    const rules = { PasswordLength: 20, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeCharacters: "AB0" };
    const { RandomPassword } = await admin.send(new GetRandomPasswordCommand(rules));
    expect(RandomPassword).toMatch(/^[C-Z1-9]{20}$/);
  });

  it("keeps a resource policy that denies even an administrator", async () => {
    const SecretId = "app/denied";
    await admin.send(new CreateSecretCommand({ Name: SecretId, SecretString: "x" }));
    const ResourcePolicy = policy({ Effect: "Deny", Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*" });
    await admin.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
    expect((await admin.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy).toBe(ResourcePolicy);
    await expect(admin.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({ name: "AccessDeniedException" });
    await admin.send(new DeleteResourcePolicyCommand({ SecretId }));
    await admin.send(new GetSecretValueCommand({ SecretId }));
  });

  it("refuses public policies when asked to, and malformed ones always", async () => {
    await admin.send(new CreateSecretCommand({ Name: "app/public" }));
    const open = policy({ Effect: "Allow", Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*" });
    const put = (ResourcePolicy: string) =>
      admin.send(new PutResourcePolicyCommand({ SecretId: "app/public", ResourcePolicy, BlockPublicPolicy: true }));
    await expect(put(open)).rejects.toMatchObject({ name: "PublicPolicyException" });
    await expect(put("{}")).rejects.toMatchObject({ name: "MalformedPolicyDocumentException" });
    expect((await admin.send(new ValidateResourcePolicyCommand({ ResourcePolicy: open }))).PolicyValidationPassed).toBe(false);
  });
});

describe("encryption with the caller's own permissions", () => {
  it("lets a writer write and not read, and a reader read and not write", async () => {
    const key = await aws.key({ ...allow("kms:*"), Principal: { AWS: root } });
    await admin.send(new CreateSecretCommand({ Name: "keyturn/admins/alice", KmsKeyId: key }));
    const resource = `arn:aws:secretsmanager:us-east-1:${account}:secret:keyturn/admins/alice-??????`;
    const writer = aws.client(
      SecretsManagerClient,
      await aws.user("writer", allow("secretsmanager:*", resource), allow("kms:GenerateDataKey", key, viaSecretsManager)),
    );
    const reader = aws.client(
      SecretsManagerClient,
      await aws.user("reader", allow("secretsmanager:*", resource), allow("kms:Decrypt", key, viaSecretsManager)),
    );
    const SecretId = "keyturn/admins/alice";
    await writer.send(new PutSecretValueCommand({ SecretId, SecretString: "key" }));
    expect((await reader.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe("key");
    const denied = { name: "AccessDeniedException", message: "Access to KMS is not allowed" };
    await expect(writer.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject(denied);
    await expect(reader.send(new PutSecretValueCommand({ SecretId, SecretString: "other" }))).rejects.toMatchObject(denied);
  });

  it("needs the secret as well as its key", async () => {
    const key = await aws.key();
    await admin.send(new CreateSecretCommand({ Name: "app/both", KmsKeyId: key, SecretString: "x" }));
    const keyOnly = aws.client(SecretsManagerClient, await aws.user("key-only", allow("kms:*")));
    await expect(keyOnly.send(new GetSecretValueCommand({ SecretId: "app/both" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("secretsmanager:GetSecretValue"),
    });
  });

  it("binds each value to its secret and version by the encryption context", async () => {
    const key = await aws.key();
    const made = await admin.send(new CreateSecretCommand({ Name: "app/context", KmsKeyId: key, SecretString: "x" }));
    const condition = {
      StringEquals: { "kms:EncryptionContext:SecretARN": made.ARN ?? "", "kms:EncryptionContext:SecretVersionId": made.VersionId ?? "" },
    };
    const user = await aws.user("context", allow("secretsmanager:GetSecretValue"), allow("kms:Decrypt", key, condition));
    const client = aws.client(SecretsManagerClient, user);
    await client.send(new GetSecretValueCommand({ SecretId: "app/context" }));
    await admin.send(new PutSecretValueCommand({ SecretId: "app/context", SecretString: "y" }));
    await expect(client.send(new GetSecretValueCommand({ SecretId: "app/context" }))).rejects.toMatchObject({
      message: "Access to KMS is not allowed",
    });
  });

  it("takes both KMS permissions from whoever ties a secret to a key, and from nobody for AWS's own key", async () => {
    const key = await aws.key();
    const creator = aws.client(
      SecretsManagerClient,
      await aws.user("creator", allow("secretsmanager:*"), allow("kms:GenerateDataKey", key)),
    );
    await expect(creator.send(new CreateSecretCommand({ Name: "tied/1", KmsKeyId: key }))).rejects.toMatchObject({
      message: "Access to KMS is not allowed",
    });
    await creator.send(new CreateSecretCommand({ Name: "tied/2", SecretString: "x" }));
    expect((await creator.send(new GetSecretValueCommand({ SecretId: "tied/2" }))).SecretString).toBe("x");
  });

  it("re-encrypts the versions in use when the key changes", async () => {
    const [old, fresh] = [await aws.key(), await aws.key()];
    await admin.send(new CreateSecretCommand({ Name: "app/moved", KmsKeyId: old, SecretString: "x" }));
    await admin.send(new UpdateSecretCommand({ SecretId: "app/moved", KmsKeyId: fresh, Description: "moved" }));
    const { Versions } = await admin.send(new ListSecretVersionIdsCommand({ SecretId: "app/moved" }));
    expect(Versions?.[0]?.KmsKeyIds).toEqual([fresh]);
    expect((await admin.send(new GetSecretValueCommand({ SecretId: "app/moved" }))).SecretString).toBe("x");
  });
});

describe("templates", () => {
  it("deploys a secret without a value, its policy, and one with a generated value", async () => {
    const key = await aws.key();
    const { ref } = await aws.deploy("AWS::SecretsManager::Secret", {
      Name: "keyturn/admins/bob",
      KmsKeyId: key,
      Tags: [{ Key: "a", Value: "b" }],
    });
    const ResourcePolicy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Principal: { AWS: "*" }, Action: "secretsmanager:Delete*", Resource: "*" }],
    };
    await aws.deploy("AWS::SecretsManager::ResourcePolicy", { SecretId: ref, ResourcePolicy });
    await expect(admin.send(new GetSecretValueCommand({ SecretId: ref }))).rejects.toThrow(/staging label: AWSCURRENT/);
    await expect(admin.send(new DeleteSecretCommand({ SecretId: ref }))).rejects.toMatchObject({ name: "AccessDeniedException" });
    const generated = {
      KmsKeyId: key,
      GenerateSecretString: { SecretStringTemplate: '{"user":"u"}', GenerateStringKey: "password", PasswordLength: 12 },
    };
    const made = await aws.deploy("AWS::SecretsManager::Secret", generated, "Generated");
    const value = (await admin.send(new GetSecretValueCommand({ SecretId: made.ref }))).SecretString ?? "";
    expect(JSON.parse(value)).toEqual({ user: "u", password: expect.stringMatching(/^.{12}$/) });
  });
});
