// The second job from a code to its end, and what the very credentials of its run are good for: one user, one prefix, nothing else.

import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { jobBucketName, roleNames } from "../../core/naming.ts";
import type { Credentials } from "../../emulator/service.ts";
import { assume, outcomeOf } from "../attacks/attacked-account.ts";
import { ProcessWatch } from "../attacks/process-watch.ts";
import { Operator } from "./operator.ts";
import { freshCode, type RunAccount, startRunAccount } from "./run-account.ts";

let at: RunAccount;
let operator: Operator;
let administrator: IAMClient;
beforeAll(async () => {
  at = await startRunAccount();
  operator = new Operator(at);
  administrator = signedIn(IAMClient, at.administrator, at);
});
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

let serial = 0;

async function userWithKey(path = "/ci/"): Promise<{ user: string; path: string; accessKeyId: string }> {
  const user = `deployer-${++serial}`;
  await administrator.send(new CreateUserCommand({ UserName: user, Path: path }));
  const { AccessKey } = await administrator.send(new CreateAccessKeyCommand({ UserName: user }));
  return { user, path, accessKeyId: AccessKey?.AccessKeyId ?? "" };
}

const statusOf = async (user: string): Promise<string | undefined> =>
  (await administrator.send(new ListAccessKeysCommand({ UserName: user }))).AccessKeyMetadata?.[0]?.Status;

async function disable(parameters: object, run: string): Promise<{ status: string; error?: string; message?: string }> {
  const input = { job: "disable-access-key", admin: "bob", parameters, mfaCode: await freshCode("bob", at), reason: "Leaked" };
  return (await operator.run(input, run)).rest;
}

/** Runs the job and takes what its program was given, as it stood in the program's environment. */
async function credentialsOf(parameters: object, run: string): Promise<Credentials> {
  const watch = new ProcessWatch();
  let seen: ReturnType<ProcessWatch["stop"]> = [];
  try {
    expect(await disable(parameters, run)).toMatchObject({ status: "SUCCEEDED" });
  } finally {
    seen = watch.stop();
  }
  const { environment } = seen.find(({ environment }) => environment.get("KEYTURN_RUN") === run) ?? {};
  if (environment === undefined) throw new Error("the job's program was not seen");
  const of = (name: string): string => environment.get(name) ?? "";
  return { accessKeyId: of("AWS_ACCESS_KEY_ID"), secretAccessKey: of("AWS_SECRET_ACCESS_KEY"), sessionToken: of("AWS_SESSION_TOKEN") };
}

const bucket = (): string => jobBucketName("disable-access-key", at);

describe("a run of disable-access-key", () => {
  it("deactivates the key, and leaves before and after where the report reader finds them", async () => {
    const of = await userWithKey();
    expect(await disable(of, "leak-1")).toMatchObject({ status: "SUCCEEDED" });
    expect(await statusOf(of.user)).toBe("Inactive");
    const reader = await assume(at.people.reportReader.session, { role: at.roleArn(roleNames.reportReader) }, at);
    const s3 = signedIn(S3Client, reader, at);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket(), Prefix: "leak-1/" }));
    expect(Contents.map(({ Key }) => Key)).toEqual(["leak-1/after.json", "leak-1/before.json"]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket(), Key: "leak-1/before.json" }));
    expect(JSON.parse((await Body?.transformToString()) ?? "")).toMatchObject({
      admin: "bob",
      key: { status: "Active", user: of.user, accessKeyId: of.accessKeyId },
    });
  });

  it("is told that the user is not to be seen where the path is another", async () => {
    const of = await userWithKey("/ci/");
    expect(await disable({ ...of, path: "/" }, "wrong-path")).toMatchObject({ status: "FAILED", error: "States.TaskFailed" });
    expect(at.emulator.batch.describe(await jobOf("wrong-path"))?.container?.exitCode).toBe(78);
    expect(await statusOf(of.user)).toBe("Active");
  });

  it("is not admitted for an admin of Keyturn's", async () => {
    const { accessKeyId } = await userWithKey();
    expect(await disable({ user: "alice", path: "/keyturn/", accessKeyId }, "own")).toMatchObject({
      status: "FAILED",
      error: "InvalidRun",
      message: expect.stringContaining("parameters.path: is Keyturn's own"),
    });
  });
});

const jobOf = (run: string): Promise<string> =>
  operator.until(`${at.stateMachineArn.replace(":stateMachine:", ":execution:")}:${run}`, (events) => {
    const submitted = events.findLast(({ taskSubmittedEventDetails: details }) => details?.resource === "submitJob.sync");
    return submitted && (JSON.parse(submitted.taskSubmittedEventDetails?.output ?? "{}") as { JobId: string }).JobId;
  });

describe("the credentials of that run, in other hands", () => {
  let own: { user: string; path: string; accessKeyId: string };
  let other: { user: string; path: string; accessKeyId: string };
  let iam: IAMClient;
  let s3: S3Client;
  beforeAll(async () => {
    own = await userWithKey();
    other = await userWithKey();
    const credentials = await credentialsOf({ ...own }, "attacked");
    iam = signedIn(IAMClient, credentials, at);
    s3 = signedIn(S3Client, credentials, at);
  });

  const update = (of: { user: string; accessKeyId: string }, Status: "Active" | "Inactive") =>
    outcomeOf(iam.send(new UpdateAccessKeyCommand({ UserName: of.user, AccessKeyId: of.accessKeyId, Status })));
  const put = (Key: string) => outcomeOf(s3.send(new PutObjectCommand({ Bucket: bucket(), Key, Body: "x" })));

  it("still are what the run had: its own user's key, its own prefix", async () => {
    expect(await update(own, "Inactive")).toBe("allowed");
    expect(await put("attacked/after.json")).toBe("allowed");
  });

  it("touch no other user", async () => {
    expect(await update(other, "Inactive")).toBe("AccessDenied");
    expect(await outcomeOf(iam.send(new ListAccessKeysCommand({ UserName: other.user })))).toBe("AccessDenied");
    expect(await outcomeOf(iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: other.accessKeyId })))).toBe("AccessDenied");
    expect(await outcomeOf(iam.send(new ListUsersCommand({})))).toBe("AccessDenied");
    expect(await statusOf(other.user)).toBe("Active");
  });

  it("do no more to the own user than the job declares", async () => {
    expect(await outcomeOf(iam.send(new CreateAccessKeyCommand({ UserName: own.user })))).toBe("AccessDenied");
    expect(await outcomeOf(iam.send(new DeleteAccessKeyCommand({ UserName: own.user, AccessKeyId: own.accessKeyId })))).toBe(
      "AccessDenied",
    );
  });

  it.each(["leak-1/before.json", "attacked-2/before.json", "attacked", "before.json"])("write nothing to %s", async (key) => {
    expect(await put(key)).toBe("AccessDenied");
  });

  it("read nothing, their own record neither", async () => {
    for (const Key of ["leak-1/before.json", "attacked/before.json"])
      expect(await outcomeOf(s3.send(new GetObjectCommand({ Bucket: bucket(), Key })))).toBe("AccessDenied");
  });

  it("change not even their own user's key in a dry run", async () => {
    const of = await userWithKey();
    iam = signedIn(IAMClient, await credentialsOf({ ...of, dryRun: true }, "dry"), at);
    expect(await update(of, "Inactive")).toBe("AccessDenied");
    expect(await outcomeOf(iam.send(new ListAccessKeysCommand({ UserName: of.user })))).toBe("allowed");
  });
});
