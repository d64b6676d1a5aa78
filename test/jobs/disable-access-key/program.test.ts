import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, ListAccessKeysCommand, UpdateAccessKeyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3 } from "../../../emulator/services/s3.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";
import { type BuiltProgram, buildProgram, type Ended } from "../built-program.ts";

let emulator: TestEmulator;
let iam: IAMClient;
let program: BuiltProgram;

beforeAll(async () => {
  emulator = await startTestEmulator({ services: ({ environment }) => [createS3(environment)] });
  iam = emulator.client(IAMClient);
  await emulator.client(S3Client).send(new CreateBucketCommand({ Bucket: "records" }));
  program = await buildProgram("disable-access-key", emulator);
});
afterAll(async () => {
  await emulator.stop();
  await program.remove();
});

let serial = 0;

/** A user of its own for each test, with a key. */
async function userWithKey(of: { used?: boolean; inactive?: boolean } = {}): Promise<{ user: string; accessKeyId: string }> {
  const user = `robot-${++serial}`;
  await iam.send(new CreateUserCommand({ UserName: user, Path: "/ci/" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: user }));
  const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "" } = AccessKey ?? {};
  if (of.used) await emulator.client(STSClient, { accessKeyId, secretAccessKey }).send(new GetCallerIdentityCommand({}));
  if (of.inactive) await iam.send(new UpdateAccessKeyCommand({ UserName: user, AccessKeyId: accessKeyId, Status: "Inactive" }));
  return { user, accessKeyId };
}

const run = (of: { user: string; accessKeyId: string; run?: string }, ...more: readonly string[]): Promise<Ended> =>
  program.run([`--user=${of.user}`, `--access-key-id=${of.accessKeyId}`, "--quiet-minutes=1440", ...more], {
    KEYTURN_BUCKET: "records",
    KEYTURN_RUN: of.run ?? `run-${serial}`,
    KEYTURN_ADMIN: "alice",
  });

const statusOf = async ({ user }: { user: string }): Promise<string | undefined> =>
  (await iam.send(new ListAccessKeysCommand({ UserName: user }))).AccessKeyMetadata?.[0]?.Status;

const record = async (Key: string): Promise<Record<string, unknown>> => {
  const { Body } = await emulator.client(S3Client).send(new GetObjectCommand({ Bucket: "records", Key }));
  return JSON.parse((await Body?.transformToString()) ?? "") as Record<string, unknown>;
};

const recordsOf = async (id: string): Promise<(string | undefined)[]> => {
  const { Contents = [] } = await emulator.client(S3Client).send(new ListObjectsV2Command({ Bucket: "records", Prefix: `${id}/` }));
  return Contents.map(({ Key }) => Key);
};

describe("the program of disable-access-key", () => {
  it("deactivates the key, says how to undo it, and records what was before and after", async () => {
    const of = await userWithKey();
    const { code, stdout, stderr } = await run(of);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await statusOf(of)).toBe("Inactive");
    const undo = `aws iam update-access-key --user-name=${of.user} --access-key-id=${of.accessKeyId} --status=Active`;
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^${of.accessKeyId} of ${of.user}: active, created [0-9T:.-]+Z, never used\\.$`));
    expect(lines[1]).toBe(`${of.accessKeyId} is inactive now. Whatever signs with it is refused.`);
    expect(lines[3]).toBe(`To undo it, as an administrator of IAM: ${undo}`);
    const { at: _at, key, ...before } = await record(`run-${serial}/before.json`);
    expect(before).toEqual({
      run: `run-${serial}`,
      admin: "alice",
      rules: { quietMinutes: 1440, evenIfInUse: false },
      dryRun: false,
      decision: "deactivate",
      undo,
    });
    expect(key).toMatchObject({ ...of, status: "Active", lastUsedAt: null });
    expect(await record(`run-${serial}/after.json`)).toMatchObject({ status: "Inactive", changed: true, seenInactive: true });
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      keyturn: "outputs",
      outputs: [{ key: `run-${serial}/before.json` }, { key: `run-${serial}/after.json` }],
    });
  });

  it("has nothing to do with a key that is inactive, and says so", async () => {
    const of = await userWithKey({ inactive: true });
    const { code, stdout } = await run(of);
    expect(code).toBe(0);
    expect(stdout).toContain(`${of.accessKeyId} is inactive already: nothing to do.`);
    expect(await record(`run-${serial}/after.json`)).toMatchObject({ changed: false });
  });

  it("keeps what the first attempt found when it is started once more in the same run", async () => {
    const of = await userWithKey();
    await run(of);
    const { code, stdout } = await run(of);
    expect(code).toBe(0);
    expect(stdout).toContain(`${of.accessKeyId} is inactive; an earlier attempt of this run was here.`);
    expect(await record(`run-${serial}/before.json`)).toMatchObject({ key: { status: "Active" }, decision: "deactivate" });
    expect(await record(`run-${serial}/after.json`)).toMatchObject({ changed: null });
  });

  it("leaves a key alone that is in use, with an exit code that Batch does not try again", async () => {
    const of = await userWithKey({ used: true });
    const { code, stderr } = await run(of);
    expect(code).toBe(78);
    expect(stderr).toContain(`${of.accessKeyId} was used 0 minutes ago, for sts in us-east-1: whoever uses it would be cut off`);
    expect(stderr).toContain("--param evenIfInUse=true");
    expect(await statusOf(of)).toBe("Active");
    expect(await recordsOf(`run-${serial}`)).toEqual([`run-${serial}/before.json`]);
  });

  it("deactivates a key in use where it is told so", async () => {
    const of = await userWithKey({ used: true });
    expect((await run(of, "--even-if-in-use")).code).toBe(0);
    expect(await statusOf(of)).toBe("Inactive");
  });

  it("changes nothing in a dry run, and says what it would do", async () => {
    const of = await userWithKey();
    const { code, stdout } = await run(of, "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain(`Dry run: ${of.accessKeyId} would be deactivated. Nothing was changed.`);
    expect(await statusOf(of)).toBe("Active");
    expect(await recordsOf(`run-${serial}`)).toEqual([`run-${serial}/before.json`]);
  });

  it("refuses a key that is another user's, naming the keys that the user has", async () => {
    const other = await userWithKey();
    const of = await userWithKey();
    const { code, stderr } = await run({ ...of, accessKeyId: other.accessKeyId });
    expect(code).toBe(78);
    expect(stderr).toContain(`${other.accessKeyId} is no key of ${of.user}, who has ${of.accessKeyId} (active). Nothing was changed.`);
    expect([await statusOf(other), await statusOf(of)]).toEqual(["Active", "Active"]);
    expect(await recordsOf(`run-${serial}`)).toEqual([]);
  });

  it.each<[string, () => Promise<Ended>, number, string]>([
    ["a user whom nobody knows", () => run({ user: "nobody", accessKeyId: "AKIAIOSFODNN7EXAMPLE" }), 78, "There is no IAM user nobody."],
    [
      "arguments that the launcher does not give",
      () => program.run(["--user=x"], { KEYTURN_BUCKET: "records" }),
      1,
      "--access-key-id, --quiet-minutes, KEYTURN_RUN, KEYTURN_ADMIN missing or malformed",
    ],
    [
      "a bucket that is not there, before it changes anything",
      async () => {
        const of = await userWithKey();
        const ended = await program.run([`--user=${of.user}`, `--access-key-id=${of.accessKeyId}`, "--quiet-minutes=15"], {
          KEYTURN_BUCKET: "nowhere",
          KEYTURN_RUN: "lost",
          KEYTURN_ADMIN: "alice",
        });
        expect(await statusOf(of)).toBe("Active");
        return ended;
      },
      1,
      "NoSuchBucket",
    ],
  ])("fails with %s", async (_what, attempt, code, message) => {
    const ended = await attempt();
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(/^disable-access-key: [^\n]*\n$/);
    expect(ended.stderr).toContain(message);
  });
});
