import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, allow, type DataServices, root, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: KMSClient;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(KMSClient);
});
afterAll(() => aws.stop());

const text = (value: string): Uint8Array => Buffer.from(value, "utf8");
const string = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString("utf8");
const context = { hop: "launch", run: "r1" };
const userArn = (name: string): string => `arn:aws:iam::${account}:user/${name}`;

describe("cryptography", () => {
  it("decrypts what it encrypted, under the same context, without being told the key", async () => {
    const KeyId = await aws.key();
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId, Plaintext: text("open sesame"), EncryptionContext: context }));
    const opened = await admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { run: "r1", hop: "launch" } }));
    expect(string(opened.Plaintext)).toBe("open sesame");
    expect(opened.KeyId).toBe(KeyId);
    expect(string(CiphertextBlob)).not.toContain("open sesame");
  });

  it.each([
    ["another value", { hop: "launch", run: "r2" }],
    ["one pair less", { hop: "launch" }],
    ["one pair more", { ...context, job: "j" }],
    ["no context", undefined],
  ])("refuses to decrypt under a wrong context: %s", async (_, EncryptionContext) => {
    const { CiphertextBlob } = await admin.send(
      new EncryptCommand({ KeyId: await aws.key(), Plaintext: text("x"), EncryptionContext: context }),
    );
    await expect(admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))).rejects.toMatchObject({
      name: "InvalidCiphertextException",
    });
  });

  it("refuses ciphertext with one bit changed, and bytes that are no ciphertext", async () => {
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId: await aws.key(), Plaintext: text("x") }));
    const changed = Uint8Array.from(CiphertextBlob ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(admin.send(new DecryptCommand({ CiphertextBlob: changed }))).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    await expect(admin.send(new DecryptCommand({ CiphertextBlob: text("junk") }))).rejects.toMatchObject({
      name: "InvalidCiphertextException",
    });
  });

  it("takes at most 4096 bytes", async () => {
    const KeyId = await aws.key();
    await expect(admin.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(4097) }))).rejects.toMatchObject({
      name: "ValidationException",
    });
    await admin.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(4096) }));
  });

  it("wraps a 32-byte data key in 184 bytes, as AWS does", async () => {
    const KeyId = await aws.key();
    const made = await admin.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext: context }));
    expect(made.Plaintext).toHaveLength(32);
    expect(made.CiphertextBlob).toHaveLength(184);
    const opened = await admin.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }));
    expect(opened.Plaintext).toEqual(made.Plaintext);
    const silent = await admin.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }));
    expect((await admin.send(new DecryptCommand({ CiphertextBlob: silent.CiphertextBlob }))).Plaintext).toHaveLength(64);
  });

  it("re-encrypts a data key from one key and context to another", async () => {
    const [from, to] = [await aws.key(), await aws.key()];
    const made = await admin.send(new GenerateDataKeyCommand({ KeyId: from, KeySpec: "AES_256", EncryptionContext: { hop: "a" } }));
    const moved = await admin.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        SourceKeyId: from,
        SourceEncryptionContext: { hop: "a" },
        DestinationKeyId: to,
        DestinationEncryptionContext: { hop: "b" },
      }),
    );
    expect(moved).toMatchObject({ SourceKeyId: from, KeyId: to });
    const opened = await admin.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, KeyId: to, EncryptionContext: { hop: "b" } }),
    );
    expect(opened.Plaintext).toEqual(made.Plaintext);
  });

  it("refuses a key that did not make the ciphertext", async () => {
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId: await aws.key(), Plaintext: text("x") }));
    const KeyId = await aws.key();
    await expect(admin.send(new DecryptCommand({ CiphertextBlob, KeyId }))).rejects.toMatchObject({ name: "IncorrectKeyException" });
  });
});

describe("keys and aliases", () => {
  it("finds a key by id, ARN, alias and alias ARN, and no other", async () => {
    const arn = await aws.key();
    await admin.send(new CreateAliasCommand({ AliasName: "alias/keyturn/found", TargetKeyId: arn }));
    const aliasArn = `arn:aws:kms:us-east-1:${account}:alias/keyturn/found`;
    for (const KeyId of [arn, arn.split("/")[1], "alias/keyturn/found", aliasArn]) {
      expect((await admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toMatchObject({
        Arn: arn,
        KeyState: "Enabled",
        KeyManager: "CUSTOMER",
      });
    }
    expect((await admin.send(new ListAliasesCommand({ KeyId: arn }))).Aliases).toMatchObject([
      { AliasName: "alias/keyturn/found", AliasArn: aliasArn },
    ]);
    expect((await admin.send(new ListKeysCommand({}))).Keys?.map((key) => key.KeyArn)).toContain(arn);
    await expect(admin.send(new CreateAliasCommand({ AliasName: "alias/keyturn/found", TargetKeyId: arn }))).rejects.toMatchObject({
      name: "AlreadyExistsException",
    });
    await admin.send(new DeleteAliasCommand({ AliasName: "alias/keyturn/found" }));
    await expect(admin.send(new DescribeKeyCommand({ KeyId: "alias/keyturn/found" }))).rejects.toMatchObject({
      name: "NotFoundException",
      message: `Alias ${aliasArn} is not found.`,
    });
  });

  it("does not use a disabled key, nor one that waits for its deletion, and forgets that one in the end", async () => {
    const KeyId = await aws.key();
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId, Plaintext: text("x") }));
    await admin.send(new DisableKeyCommand({ KeyId }));
    await expect(admin.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({ name: "DisabledException" });
    await admin.send(new EnableKeyCommand({ KeyId }));
    await admin.send(new DecryptCommand({ CiphertextBlob }));
    await admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await expect(admin.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({ name: "KMSInvalidStateException" });
    await admin.send(new CancelKeyDeletionCommand({ KeyId }));
    expect((await admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe("Disabled");
    await admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await aws.clock.advance(7 * 86_400_000);
    await expect(admin.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({ name: "NotFoundException" });
  });

  it("turns rotation on and off", async () => {
    const KeyId = await aws.key();
    const status = () => admin.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect((await status()).KeyRotationEnabled).toBe(false);
    await admin.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 180 });
    await admin.send(new DisableKeyRotationCommand({ KeyId }));
    expect((await status()).KeyRotationEnabled).toBe(false);
  });

  it("names what it does not model", async () => {
    await expect(admin.send(new CreateKeyCommand({ KeySpec: "RSA_2048" }))).rejects.toThrow(/RSA_2048 is not modelled/);
    const grant = new CreateGrantCommand({ KeyId: await aws.key(), GranteePrincipal: root, Operations: ["Decrypt"] });
    await expect(admin.send(grant)).rejects.toMatchObject({ name: "NotImplemented" });
  });
});

describe("permissions", () => {
  const principal = (name: string) => ({ AWS: userArn(name) });

  it("lets nobody use a key whose policy does not say so, whatever IAM says", async () => {
    const mallory = aws.client(KMSClient, await aws.user("mallory", allow("kms:*")));
    const KeyId = await aws.key({ ...allow(["kms:Describe*", "kms:Put*", "kms:Get*"]), Principal: { AWS: root } });
    await expect(mallory.send(new EncryptCommand({ KeyId, Plaintext: text("x") }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    await mallory.send(new DescribeKeyCommand({ KeyId }));
  });

  it("holds a caller to the exact encryption context that the key policy names", async () => {
    const launcher = aws.client(KMSClient, await aws.user("launcher"));
    const KeyId = await aws.key(
      { ...allow("kms:*"), Principal: { AWS: userArn("administrator") } },
      {
        ...allow("kms:Decrypt", "*", {
          StringEquals: { "kms:EncryptionContext:hop": "launch", "kms:EncryptionContext:job": "report" },
          "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["hop", "run", "job"] },
          Null: { "kms:EncryptionContext:run": "false" },
        }),
        Principal: principal("launcher"),
      },
    );
    const attempt = async (EncryptionContext: Record<string, string>) => {
      const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId, Plaintext: text("x"), EncryptionContext }));
      return launcher.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    };
    expect(string((await attempt({ hop: "launch", job: "report", run: "r" })).Plaintext)).toBe("x");
    for (const wrong of [
      { hop: "launch", job: "other", run: "r" },
      { hop: "launch", job: "report" },
      { hop: "launch", job: "report", run: "r", more: "m" },
    ]) {
      await expect(attempt(wrong)).rejects.toMatchObject({ name: "AccessDeniedException" });
    }
  });

  it("lets a re-encrypter neither decrypt nor generate, and asks both keys", async () => {
    const mover = aws.client(KMSClient, await aws.user("mover"));
    const own = { ...allow("kms:*"), Principal: { AWS: userArn("administrator") } };
    const source = await aws.key(own, {
      ...allow("kms:ReEncryptFrom", "*", { StringEquals: { "kms:EncryptionContext:hop": "a" } }),
      Principal: principal("mover"),
    });
    const destination = await aws.key(own, {
      ...allow("kms:ReEncryptTo", "*", { StringEquals: { "kms:EncryptionContext:hop": "b", "kms:ReEncryptOnSameKey": "false" } }),
      Principal: principal("mover"),
    });
    const { CiphertextBlob } = await admin.send(
      new EncryptCommand({ KeyId: source, Plaintext: text("x"), EncryptionContext: { hop: "a" } }),
    );
    const move = (hop: string, to = destination) =>
      mover.send(
        new ReEncryptCommand({
          CiphertextBlob,
          SourceEncryptionContext: { hop: "a" },
          DestinationKeyId: to,
          DestinationEncryptionContext: { hop },
        }),
      );
    expect((await move("b")).KeyId).toBe(destination);
    const denied = { name: "AccessDeniedException" };
    await expect(move("c")).rejects.toMatchObject(denied);
    await expect(move("b", source)).rejects.toMatchObject(denied);
    await expect(mover.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { hop: "a" } }))).rejects.toMatchObject(denied);
    await expect(
      mover.send(new GenerateDataKeyCommand({ KeyId: destination, KeySpec: "AES_256", EncryptionContext: { hop: "b" } })),
    ).rejects.toMatchObject(denied);
  });

  it("changes who may use a key with its policy", async () => {
    const KeyId = await aws.key();
    const carol = aws.client(KMSClient, await aws.user("carol"));
    await expect(carol.send(new EncryptCommand({ KeyId, Plaintext: text("x") }))).rejects.toMatchObject({ name: "AccessDeniedException" });
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { ...allow("kms:*"), Principal: { AWS: root } },
        { ...allow("kms:Encrypt"), Principal: principal("carol") },
      ],
    });
    await admin.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    await carol.send(new EncryptCommand({ KeyId, Plaintext: text("x") }));
    expect(JSON.parse((await admin.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? "")).toEqual(JSON.parse(Policy));
    await expect(admin.send(new PutKeyPolicyCommand({ KeyId, Policy: "{" }))).rejects.toMatchObject({
      name: "MalformedPolicyDocumentException",
    });
  });

  it("names the alias by which a key was asked for, and the aliases that it has", async () => {
    const { ref } = await aws.deploy("AWS::KMS::Key", {
      EnableKeyRotation: true,
      PendingWindowInDays: 7,
      Tags: [{ Key: "a", Value: "b" }],
    });
    await aws.deploy("AWS::KMS::Alias", { AliasName: "alias/keyturn/named", TargetKeyId: ref });
    const byAlias = await aws.user("by-alias", allow("kms:Encrypt", "*", { StringEquals: { "kms:RequestAlias": "alias/keyturn/named" } }));
    const dave = aws.client(KMSClient, byAlias);
    await dave.send(new EncryptCommand({ KeyId: "alias/keyturn/named", Plaintext: text("x") }));
    await expect(dave.send(new EncryptCommand({ KeyId: ref, Plaintext: text("x") }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    const resourceAliases = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/keyturn/named" } };
    const erin = aws.client(KMSClient, await aws.user("by-aliases", allow("kms:Encrypt", "*", resourceAliases)));
    await erin.send(new EncryptCommand({ KeyId: ref, Plaintext: text("x") }));
  });

  it("refuses properties of a template that it does not model, by name", async () => {
    await expect(aws.deploy("AWS::KMS::Key", { KeySpec: "RSA_2048" })).rejects.toThrow(/KeySpec/);
    await expect(aws.deploy("AWS::KMS::Key", { Nonsense: 1 })).rejects.toThrow(/Nonsense/);
  });
});
