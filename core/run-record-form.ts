// A record's form, checked wherever one is read: the bucket holds what somebody put there.

import * as z from "zod/mini";
import type { RunRecord } from "./run-record.ts";

const text = z.string();
const instant = z.iso.datetime();
const nullable = <Schema extends z.ZodMiniType>(schema: Schema) => z.nullable(schema);
const count = z.int().check(z.minimum(0));
const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const known = { by: text, sourceIp: nullable(text), at: instant, event: text, matched: z.enum(["execution", "time"]) };
const unknown = { by: z.null(), why: text };
const Call = z.union([z.strictObject(known), z.strictObject(unknown)]);
const kind = z.enum(["code", "failure"]);
const Answer = z.union([z.strictObject({ ...known, kind }), z.strictObject({ ...unknown, kind })]);

const BatchJob = z.strictObject({
  id: text,
  status: nullable(text),
  exitCode: nullable(z.int()),
  image: nullable(z.strictObject({ reference: text, digest: nullable(text), sources: nullable(text) })),
  attempts: z.array(z.strictObject({ exitCode: nullable(z.int()), startedAt: nullable(instant), stoppedAt: nullable(instant) })),
});

const Record = z.strictObject({
  version: z.literal(1),
  sequence: z.int().check(z.minimum(1)),
  previous: nullable(hash),
  recordedAt: instant,
  keyturn: text,
  lock: z.strictObject({ mode: z.enum(["GOVERNANCE", "COMPLIANCE"]), days: z.int().check(z.minimum(1)) }),
  run: text,
  execution: text,
  executionStartedAt: instant,
  attempt: count,
  resumed: nullable(z.strictObject({ run: text, from: text, reason: nullable(text) })),
  started: Call,
  redriven: nullable(Call),
  answers: z.array(Answer),
  stopped: nullable(Call),
  job: nullable(text),
  admin: nullable(text),
  reason: nullable(text),
  parameters: nullable(z.record(text, z.union([z.string(), z.number(), z.boolean()]))),
  jobDefinition: nullable(text),
  digest: nullable(hash),
  opened: nullable(z.strictObject({ admin: text, at: instant, attempt: count })),
  session: nullable(z.strictObject({ role: text, name: text, sourceIdentity: text, until: nullable(instant) })),
  batchJobs: z.array(BatchJob),
  states: z.array(
    z.strictObject({ name: text, role: nullable(text), enteredAt: instant, leftAt: nullable(instant), error: nullable(text) }),
  ),
  outcome: z.strictObject({
    status: z.enum(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]),
    startedAt: instant,
    endedAt: instant,
    error: nullable(text),
    cause: nullable(text),
  }),
});

/** Undefined for whatever is no record. */
export function parseRecord(bytes: Uint8Array): RunRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
  const parsed = Record.safeParse(json);
  // The schema spells the interface; exactOptionalPropertyTypes and readonly keep the compiler from seeing it.
  return parsed.success ? (parsed.data as RunRecord) : undefined;
}
