// `keyturn audit` as a process: what it lists, and that it finds whatever an administrator of the account does to the records.

import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateKeyCommand, GetKeyPolicyCommand, KMSClient, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../cli/audit/finding.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { functionLogGroup, keyAlias, recordsBucketName, stateMachineName } from "../../core/naming.ts";
import { attemptKey, attemptOfRecord, recordBytes, recordKey, sha256 } from "../../core/record-chain.ts";
import type { RunRecord } from "../../core/run-record.ts";
import { parseRecord } from "../../core/run-record-form.ts";
import type { Deployed } from "../attacks/attacked-account.ts";
import { sampleRecord } from "../core/sample-record.ts";
import { passTime } from "../runs/recorded-runs.ts";
import { betweenLooks } from "../support/between-looks.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { type LocalKeyturn, startMovableKeyturn } from "./local-keyturn.ts";

interface Movable extends LocalKeyturn {
  readonly local: Deployed;
}

async function startAccount(): Promise<Movable> {
  const account = await startMovableKeyturn();
  const { region, account: number } = account.local;
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${number}:${rest}`;
  const roleArn = (name: string): string => `arn:aws:iam::${number}:role/${name}`;
  return { ...account, local: { ...account.local, arn, roleArn, stateMachineArn: arn("states", `stateMachine:${stateMachineName}`) } };
}

/** Runs that AdmitRun refuses end by themselves. */
async function leaveRecords({ local }: Movable, names: readonly string[]): Promise<void> {
  const sfn = signedIn(SFNClient, local.people.operator, local);
  const { stateMachineArn } = local;
  for (const name of names) {
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, name, input: '{"job": "none", "admin": "alice"}' }),
    );
    for (;;) {
      const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (status === "FAILED") break;
      await betweenLooks();
    }
    // One after the other, so that each has a number that is known. Its end is told a moment after it is shown.
    await untilHeard(local, name);
    await local.emulator.settled();
  }
  sfn.destroy();
}

/** Until record-run has been told of the run's end, and has said so in its log. */
async function untilHeard(local: Movable["local"], run: string): Promise<void> {
  const logs = signedIn(CloudWatchLogsClient, local.administrator, local);
  try {
    for (;;) {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: functionLogGroup("record-run") }));
      if (events.some(({ message = "" }) => message.includes(`"run":"${run}"`))) return;
      await betweenLooks();
    }
  } catch (error) {
    // The log begins with the first run that ends.
    if (!(error instanceof Error && error.name === "ResourceNotFoundException")) throw error;
    return untilHeard(local, run);
  } finally {
    logs.destroy();
  }
}

const findingsOf = async ({ keyturn }: LocalKeyturn): Promise<{ readonly code: number | null; readonly findings: readonly Finding[] }> => {
  const { code, stdout } = await keyturn("audit", "--verify", "--json");
  return { code, findings: (JSON.parse(stdout) as { verification: { findings: Finding[] } }).verification.findings };
};

describe("keyturn audit", () => {
  let account: Movable;
  beforeAll(async () => {
    account = await startAccount();
    await leaveRecords(account, ["first", "second"]);
    await account.keyturn("run", "credential-report", "--code", await account.code(), "--reason", "A review", "--yes");
    await passTime(account.local, 90);
    await leaveRecords(account, ["fourth"]);
  });
  afterAll(() => account?.stop());

  it("lists the newest first: when, which, who started and answered it, and how it ended", async () => {
    const { code, stdout, stderr } = await account.keyturn("audit");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [heading, ...lines] = stdout.trimEnd().split("\n");
    expect(heading).toMatch(/NO\. +ENDED \(UTC\) +RUN +JOB +ADMIN +STARTED BY +ANSWERED BY +OUTCOME/);
    expect(lines.map((line) => line.trim().replaceAll(/ {2,}/g, " | "))).toEqual([
      expect.stringMatching(/^4 \| \d{4}-\d\d-\d\d \d\d:\d\d \| fourth \| none \| alice \| operator \| – \| InvalidRun$/),
      expect.stringMatching(/^3 \| .* \| \S+ \| credential-report \| alice \| operator \| – \| succeeded$/),
      expect.stringMatching(/^2 \| .* \| second \| .* \| InvalidRun$/),
      expect.stringMatching(/^1 \| .* \| first \| .* \| InvalidRun$/),
    ]);
  });

  it("gives programs the records whole, each with its hash, of a run, of a time or as many as they want", async () => {
    const json = async (...argv: readonly string[]) => {
      const { code, stdout } = await account.keyturn("audit", "--json", ...argv);
      expect(code).toBe(0);
      return (JSON.parse(stdout) as { records: { sequence: number; sha256: string; record: RunRecord }[] }).records;
    };
    const all = await json();
    expect(all.map(({ sequence }) => sequence)).toEqual([4, 3, 2, 1]);
    for (const { sequence, record } of all) expect(record.previous).toBe(all.find((one) => one.sequence === sequence - 1)?.sha256 ?? null);
    expect(all[1]?.record).toMatchObject({ job: "credential-report", reason: "A review", outcome: { status: "SUCCEEDED" } });
    expect((await json("--run", "second")).map(({ sequence }) => sequence)).toEqual([2]);
    expect((await json("--limit", "2")).map(({ sequence }) => sequence)).toEqual([4, 3]);
    expect((await json("--since", "1h")).map(({ sequence }) => sequence)).toEqual([4]);
    expect(await json("--since", "2999-01-01")).toEqual([]);
  });

  it("verifies the chain, and says what the newest record's hash is", async () => {
    const { code, stdout } = await account.keyturn("audit", "--verify");
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing was changed, removed, reordered or added.");
    const { stdout: json } = await account.keyturn("audit", "--verify", "--limit", "1", "--json");
    const { records, verification } = JSON.parse(json);
    expect(verification).toMatchObject({ records: 4, executions: 4, findings: [], pending: [] });
    expect(verification.newest).toEqual({ sequence: 4, sha256: records[0].sha256 });
    expect(stdout).toContain(records[0].sha256);
  });

  it.each([
    [["--limit", "0"], "--limit takes a whole number from 1, not 0."],
    [["--since", "yesterday"], "--since takes a date"],
  ])("refuses %j", async (argv, message) => {
    const { code, stderr } = await account.keyturn("audit", ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("is denied to an operator, and says what it takes", async () => {
    const { code, stderr } = await account.keyturn("audit", "--profile", "operator");
    expect(code).toBe(3);
    expect(stderr).toContain("Auditors need the managed policy KeyturnAuditor");
  });
});

describe("what an administrator of the account does to the records", () => {
  let account: Movable;
  let s3: S3Client;
  let Bucket: string;
  const names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
  beforeAll(async () => {
    account = await startAccount();
    await leaveRecords(account, names);
    s3 = signedIn(S3Client, account.local.administrator, account.local);
    Bucket = recordsBucketName(account.local);
    await openEverything();
  });
  afterAll(async () => {
    s3?.destroy();
    await account?.stop();
  });

  /** What the bucket's and the key's policies deny, an administrator first has to take out of them. */
  async function openEverything(): Promise<void> {
    const { local } = account;
    const kms = signedIn(KMSClient, local.administrator, local);
    const allow = { Effect: "Allow", Principal: { AWS: local.account }, Resource: "*" };
    const KeyId = local.emulator.kms.keyArn(keyAlias.records);
    const { Policy = "{}" } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
    const { Statement, ...rest } = JSON.parse(Policy);
    const opened = { ...rest, Statement: [...Statement, { ...allow, Action: ["kms:Decrypt", "kms:GenerateDataKey"] }] };
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(opened) }));
    kms.destroy();
    const open = { ...allow, Action: "s3:*", Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`] };
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [open] }) }));
  }

  const put = (Key: string, Body: Uint8Array | string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const versionOf = async (Key: string) => (await s3.send(new HeadObjectCommand({ Bucket, Key }))).VersionId;
  const bytesOf = async (sequence: number) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: recordKey(sequence) }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  const recordOf = async (sequence: number): Promise<RunRecord> => parseRecord(await bytesOf(sequence)) ?? sampleRecord;
  const remove = async (Key: string) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: await versionOf(Key), BypassGovernanceRetention: true }));
  const nowIso = () => new Date(account.local.emulator.clock.now()).toISOString();

  /** A record that fits the chain in every way, at its end. */
  async function forgedNext(change: Partial<RunRecord>): Promise<RunRecord> {
    const newest = Number(JSON.parse((await account.keyturn("audit", "--json", "--limit", "1")).stdout).records[0].sequence);
    const [before, bytes] = [await recordOf(newest), await bytesOf(newest)];
    const outcome = { ...before.outcome, endedAt: nowIso() };
    return { ...before, sequence: newest + 1, previous: sha256(bytes), recordedAt: nowIso(), outcome, ...change };
  }

  it("is found, each thing that the lock leaves open or governance lets bypass", async () => {
    const seen = new Set<string>();
    expect(await findingsOf(account)).toEqual({ code: 0, findings: [] });
    /** What the deed adds to the findings. */
    const addedBy = async (deed: () => Promise<unknown>): Promise<readonly (readonly [string, number | null])[]> => {
      await deed();
      const { code, findings } = await findingsOf(account);
      expect(code).toBe(1);
      const added = findings.filter(({ message }) => !seen.has(message));
      for (const { message } of findings) seen.add(message);
      return added.map(({ rule, sequence }) => [rule, sequence]);
    };
    const second = { ...(await recordOf(2)), admin: "mallory" };

    expect(await addedBy(() => put(recordKey(2), recordBytes(second)))).toEqual([["second-version", 2]]);
    expect(await addedBy(() => s3.send(new DeleteObjectCommand({ Bucket, Key: recordKey(3) })))).toEqual([["hidden", 3]]);
    expect(await addedBy(() => remove(recordKey(4)))).toEqual([
      ["mark-without-record", null],
      ["missing", 4],
    ]);

    // Removed and put there again: the old content under a new time, and another content.
    const fifth = await bytesOf(5);
    await account.local.emulator.clock.advance(3 * 3_600_000);
    expect(
      await addedBy(async () => {
        await remove(recordKey(5));
        await put(recordKey(5), fifth);
      }),
    ).toEqual([
      ["other-time", 5],
      ["other-time", 6],
      // By now the end of the fourth run, whose record was removed, should have one.
      ["unrecorded", null],
    ]);
    expect(JSON.parse((await account.keyturn("audit", "--verify", "--json")).stdout).verification.late).toEqual([5]);
    const sixth = { ...(await recordOf(6)), reason: "None of your business", recordedAt: nowIso() };
    expect(
      await addedBy(async () => {
        await remove(recordKey(6));
        await put(recordKey(6), recordBytes(sixth));
      }),
    ).toEqual(expect.arrayContaining([["broken-link", 7]]));

    const shorter = { Mode: "GOVERNANCE", RetainUntilDate: new Date(account.local.emulator.clock.now() + 86_400_000) } as const;
    const lock = async (Key: string) =>
      s3.send(
        new PutObjectRetentionCommand({
          Bucket,
          Key,
          VersionId: await versionOf(Key),
          Retention: shorter,
          BypassGovernanceRetention: true,
        }),
      );
    expect(await addedBy(() => lock(recordKey(7)))).toEqual([["unlocked", 7]]);

    // A next record that fits the chain in every way: of a run that never was, of one that has a record, and under another key.
    const next = await forgedNext({ run: "nine", execution: `${sampleRecord.execution.slice(0, -5)}nine`, executionStartedAt: nowIso() });
    expect(await addedBy(() => put(recordKey(next.sequence), recordBytes(next)))).toEqual([["unknown-execution", 9]]);
    const again = await forgedNext({
      execution: (await recordOf(8)).execution,
      executionStartedAt: (await recordOf(8)).executionStartedAt,
    });
    expect(await addedBy(() => put(recordKey(again.sequence), recordBytes(again)))).toEqual(
      expect.arrayContaining([["recorded-twice", 10]]),
    );
    const third = await forgedNext({
      run: "eleven",
      execution: `${sampleRecord.execution.slice(0, -5)}eleven`,
      executionStartedAt: nowIso(),
    });
    const underAnother = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: await ownKey() } as const;
    expect(await addedBy(() => put(recordKey(third.sequence), recordBytes(third), underAnother))).toEqual([["unreadable", 11]]);

    expect(await addedBy(() => put("notes.txt", "hello"))).toEqual([["foreign-object", null]]);
    const mark = attemptKey({ name: "twelve", startedAt: nowIso(), attempt: 0 });
    expect(await addedBy(() => put(mark, "{}"))).toEqual([["mark-without-record", null]]);

    // What somebody put there keeps no run from being recorded, also where record-run cannot read it.
    expect(await addedBy(() => leaveRecords(account, ["after"]))).toEqual([["broken-link", 12]]);
    expect(await recordOf(12)).toMatchObject({ run: "after", previous: null });

    const weaker = { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } } } as const;
    expect(await addedBy(() => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: weaker })))).toEqual([
      ["bucket-unlocked", null],
    ]);
  });

  it("to the newest record and its note is mended by the sweep; where that is taken away too, Step Functions remembers the run", async () => {
    const other = await startAccount();
    const theirs = signedIn(S3Client, other.local.administrator, other.local);
    try {
      await leaveRecords(other, ["one", "two"]);
      const open = { Effect: "Allow", Principal: { AWS: other.local.account }, Action: "s3:*", Resource: `arn:aws:s3:::${Bucket}/*` };
      await theirs.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [open] }) }));
      const newest = async () => JSON.parse((await other.keyturn("audit", "--json", "--limit", "1")).stdout).records[0].record as RunRecord;
      const before = await newest();
      const forget = async () => {
        for (const Key of [recordKey(2), attemptKey(attemptOfRecord(before))]) {
          const { VersionId } = await theirs.send(new HeadObjectCommand({ Bucket, Key }));
          await theirs.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }));
        }
      };
      await forget();
      await passTime(other.local, 15);
      expect({ ...(await newest()), recordedAt: "" }).toEqual({ ...before, recordedAt: "" });
      expect(await findingsOf(other)).toEqual({ code: 0, findings: [] });
      await forget();
      await endRecordSweep(other.local);
      await passTime(other.local, 90);
      const { code, findings } = await findingsOf(other);
      expect([code, findings.map(({ rule, message }) => [rule, message.slice(0, 26)])]).toEqual([
        1,
        [["unrecorded", "Attempt 1 of execution two"]],
      ]);
    } finally {
      theirs.destroy();
      await other.stop();
    }
  });

  async function ownKey(): Promise<string> {
    const kms = signedIn(KMSClient, account.local.administrator, account.local);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    kms.destroy();
    return KeyMetadata?.Arn ?? "";
  }
});
