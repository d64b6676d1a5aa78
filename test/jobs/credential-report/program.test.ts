import {
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteUserCommand,
  IAMClient,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3 } from "../../../emulator/services/s3.ts";
import { readUsers } from "../../../jobs/credential-report/read-users.ts";
import type { Report } from "../../../jobs/credential-report/report.ts";
import { enableDevice } from "../../support/authenticator.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";
import { type BuiltProgram, buildProgram } from "../built-program.ts";

let emulator: TestEmulator;
let iam: IAMClient;
let program: BuiltProgram;

beforeAll(async () => {
  emulator = await startTestEmulator({ services: ({ environment }) => [createS3(environment)] });
  iam = emulator.client(IAMClient);
  await emulator.client(S3Client).send(new CreateBucketCommand({ Bucket: "reports" }));
  await iam.send(new CreateUserCommand({ UserName: "=alice", Path: "/people/" }));
  await iam.send(new CreateLoginProfileCommand({ UserName: "=alice", Password: "Correct-Horse-9" }));
  await iam.send(new CreateUserCommand({ UserName: "bob", Path: "/people/" }));
  await enableDevice(iam, { userName: "bob", clock: emulator.clock });
  const { AccessKey: first } = await iam.send(new CreateAccessKeyCommand({ UserName: "bob" }));
  await iam.send(new UpdateAccessKeyCommand({ UserName: "bob", AccessKeyId: first?.AccessKeyId, Status: "Inactive" }));
  await iam.send(new CreateAccessKeyCommand({ UserName: "bob" }));
  for (let index = 0; index < 230; index++) await iam.send(new CreateUserCommand({ UserName: `robot-${index}`, Path: "/robots/" }));
  program = await buildProgram("credential-report", emulator);
});
afterAll(async () => {
  await emulator.stop();
  await program.remove();
});

const run = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  program.run(argv, { KEYTURN_BUCKET: "reports", KEYTURN_RUN: "weekly-1", ...environment });

const object = async (Key: string): Promise<{ text: string; type: string | undefined }> => {
  const reply = await emulator.client(S3Client).send(new GetObjectCommand({ Bucket: "reports", Key }));
  return { text: (await reply.Body?.transformToString()) ?? "", type: reply.ContentType };
};

describe("the credential report's program", () => {
  it("reads every user over all pages, writes both files and says where, last of all for the CLI", async () => {
    const { code, stdout, stderr } = await run(["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    const csv = await object("weekly-1/credential-report.csv");
    const json = await object("weekly-1/credential-report.json");
    expect([csv.type, json.type]).toEqual(["text/csv; charset=utf-8", "application/json"]);
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
      keyturn: "outputs",
      outputs: [
        { bucket: "reports", key: "weekly-1/credential-report.csv", bytes: Buffer.byteLength(csv.text) },
        { bucket: "reports", key: "weekly-1/credential-report.json", bytes: Buffer.byteLength(json.text) },
      ],
    });
    const report = JSON.parse(json.text) as Report;
    // =alice, bob, the robots and the emulator's administrator.
    expect(report.counts.users).toBe(233);
    expect(report.users.filter(({ name }) => name.startsWith("robot-"))).toHaveLength(230);
    expect(lines[0]).toMatch(/^Credential report of run weekly-1, /);
    expect(lines).toContain("  =alice: Console password without an MFA device. Add a device or remove the password.");
    expect(csv.text.split("\r\n")[1]).toMatch(/^'=alice,arn:aws:iam::111122223333:user\/people\/=alice,/);
  });

  it("sees passwords, devices, and keys with their status", async () => {
    await run(["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/people/"], { KEYTURN_RUN: "people-1" });
    const report = JSON.parse((await object("people-1/credential-report.json")).text) as Report;
    expect(report.users).toMatchObject([
      {
        name: "=alice",
        accessKeys: [],
        mfaDevices: [],
        password: { createdAt: expect.any(String) },
        findings: [{ kind: "password-without-mfa" }],
      },
      {
        name: "bob",
        mfaDevices: ["arn:aws:iam::111122223333:mfa/bob"],
        findings: [{ kind: "inactive-key" }],
      },
    ]);
    // Both keys may be of the same second, and then stand in the order of their random ids.
    expect(report.users[1]?.accessKeys.map(({ active }) => active).sort()).toEqual([false, true]);
    expect(report.users[1]).not.toHaveProperty("password");
  });

  it.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    [
      "an unknown argument",
      ["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/", "--all"],
      {},
      "TypeError: Unknown option '--all'",
    ],
    ["missing arguments", ["--max-key-age-days=90"], {}, "Error: --unused-days, --path-prefix missing or malformed"],
    [
      "a number that is none",
      ["--max-key-age-days=x", "--unused-days=45", "--path-prefix=/"],
      {},
      "Error: --max-key-age-days missing or malformed",
    ],
    [
      "a bucket that is not there",
      ["--max-key-age-days=90", "--unused-days=45", "--path-prefix=/people/"],
      { KEYTURN_BUCKET: "nowhere" },
      "NoSuchBucket: ",
    ],
  ])("fails, and claims no output, with %s", async (_what, arguments_, environment, message) => {
    const { code, stdout, stderr } = await run(arguments_, { KEYTURN_RUN: "failed-1", ...environment });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^credential-report: no report was made: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });

  it("leaves out a user who is deleted while it reads", async () => {
    await iam.send(new CreateUserCommand({ UserName: "gone", Path: "/leaving/" }));
    await iam.send(new CreateUserCommand({ UserName: "here", Path: "/leaving/" }));
    const deleting = new Proxy(iam, {
      get(target, member) {
        if (member !== "send") return Reflect.get(target, member, target);
        // After the list and before the first look at a user.
        return async (command: { constructor: { name: string } }) => {
          if (command.constructor.name === "ListAccessKeysCommand") {
            await target.send(new DeleteUserCommand({ UserName: "gone" })).catch(() => undefined);
          }
          return target.send(command as never);
        };
      },
    });
    expect((await readUsers(deleting, "/leaving/")).map(({ name }) => name)).toEqual(["here"]);
  });
});
