// The job's program: looks at the key, writes down what it finds, and deactivates it unless something speaks against it.

import { parseArgs } from "node:util";
import { IAMClient, UpdateAccessKeyCommand } from "@aws-sdk/client-iam";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod/mini";
import { refusedExitCode } from "../../core/naming.ts";
import { type JobOutput, outputsLine } from "../outputs.ts";
import { decide } from "./decide.ts";
import { type KeyState, Refused, readKey } from "./key-state.ts";
import { type After, type Before, describeDone, describeKey, describeRefusal, recordText, undoCommand } from "./record.ts";

const Arguments = z.object({
  user: z.string(),
  "access-key-id": z.string(),
  "quiet-minutes": z.pipe(z.string().check(z.regex(/^[0-9]{1,6}$/)), z.transform(Number)),
  "even-if-in-use": z._default(z.boolean(), false),
  "dry-run": z._default(z.boolean(), false),
});
const Environment = z.object({ KEYTURN_BUCKET: z.string(), KEYTURN_RUN: z.string(), KEYTURN_ADMIN: z.string() });

const iam = new IAMClient({ retryMode: "adaptive", maxAttempts: 10 });
const s3 = new S3Client({ maxAttempts: 5 });
const outputs: JobOutput[] = [];

try {
  await main(parse(process.argv.slice(2), process.env));
} catch (error) {
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  console.error(`disable-access-key: ${name}: ${message}`);
  process.exitCode = error instanceof Refused ? refusedExitCode : 1;
}
if (outputs.length > 0) console.log(outputsLine(outputs));

function parse(argv: readonly string[], environment: NodeJS.ProcessEnv) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { user: text, "access-key-id": text, "quiet-minutes": text, "even-if-in-use": flag, "dry-run": flag },
  });
  const given = Arguments.safeParse(values);
  const places = Environment.safeParse(environment);
  if (!given.success || !places.success) {
    const faults = [
      ...(given.error?.issues ?? []).map(({ path }) => `--${path.join(".")}`),
      ...(places.error?.issues ?? []).map(({ path }) => path.join(".")),
    ];
    throw new Error(`${faults.join(", ")} missing or malformed; Keyturn's launcher gives them, so start the job with keyturn run.`);
  }
  const {
    user,
    "access-key-id": accessKeyId,
    "quiet-minutes": quietMinutes,
    "even-if-in-use": evenIfInUse,
    "dry-run": dryRun,
  } = given.data;
  const { KEYTURN_BUCKET: bucket, KEYTURN_RUN: run, KEYTURN_ADMIN: admin } = places.data;
  return { user, accessKeyId, rules: { quietMinutes, evenIfInUse }, dryRun, bucket, run, admin };
}

async function main(of: ReturnType<typeof parse>): Promise<void> {
  const { user, accessKeyId, rules, dryRun, bucket, run, admin } = of;
  const key = await readKey(iam, { user, accessKeyId });
  console.log(describeKey(key));
  const nowMs = Date.now();
  const decision = decide(key, rules, nowMs);
  const at = new Date(nowMs).toISOString();
  const before: Before = { run, admin, at, key, rules, dryRun, decision: decision.kind, undo: undoCommand(key) };
  const isFirst = await writeOnce(before, { Bucket: bucket, Key: `${run}/before.json` });
  switch (decision.kind) {
    case "in-use":
      throw new Refused(describeRefusal(key, decision));
    case "nothing-to-do":
      console.log(
        isFirst
          ? `${accessKeyId} is inactive already: nothing to do.`
          : `${accessKeyId} is inactive; an earlier attempt of this run was here.`,
      );
      if (!dryRun)
        await write(after(run, { changed: isFirst ? false : null, seenInactive: true }), { Bucket: bucket, Key: `${run}/after.json` });
      return;
    case "deactivate":
      if (dryRun) {
        console.log(`Dry run: ${accessKeyId} would be deactivated. Nothing was changed.`);
        return;
      }
      await iam.send(new UpdateAccessKeyCommand({ UserName: user, AccessKeyId: accessKeyId, Status: "Inactive" }));
      for (const line of describeDone(key)) console.log(line);
      await write(after(run, { changed: true, seenInactive: await isInactive(key) }), { Bucket: bucket, Key: `${run}/after.json` });
      return;
    default:
      decision satisfies never;
  }
}

function after(run: string, of: Pick<After, "changed" | "seenInactive">): After {
  return { run, at: new Date().toISOString(), status: "Inactive", ...of };
}

async function isInactive({ user, accessKeyId }: KeyState): Promise<boolean> {
  return (await readKey(iam, { user, accessKeyId })).status === "Inactive";
}

/** False where an earlier attempt of this run has written it. */
async function writeOnce(record: Before, to: { Bucket: string; Key: string }): Promise<boolean> {
  try {
    await write(record, { ...to, IfNoneMatch: "*" });
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "PreconditionFailed") return false;
    throw error;
  }
}

async function write(record: Before | After, to: { Bucket: string; Key: string; IfNoneMatch?: string }): Promise<void> {
  const body = recordText(record);
  await s3.send(new PutObjectCommand({ ...to, Body: body, ContentType: "application/json" }));
  outputs.push({ bucket: to.Bucket, key: to.Key, bytes: Buffer.byteLength(body) });
}
