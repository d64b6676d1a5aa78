// `keyturn audit`: the records of finished runs, and whether anybody has tampered with them.

import { executionNameOf } from "../../core/record-chain.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { exitCodes, UsageError } from "../outcome.ts";
import { colours } from "../terminal.ts";
import { recordsText, verificationText } from "./audit-text.ts";
import { asAuditor } from "./auditor-session.ts";
import { type ListedRecord, readNewest } from "./records-bucket.ts";
import { type Verification, verify } from "./verification.ts";

const latestByDefault = 20;

export const audit = command({
  meta: { name: "audit", description: "List the records of finished runs; with --verify, find what was changed, removed or added." },
  args: {
    verify: { type: "boolean", description: "Recompute the whole chain and compare it with Step Functions." },
    run: { type: "string", valueHint: "run", description: "Only records of this run, of all its attempts and replays." },
    since: { type: "string", valueHint: "time", description: "Only records written since: 2026-11-01, 2026-11-01T08:00Z, 36h or 7d." },
    limit: { type: "string", valueHint: "number", description: `How many; ${latestByDefault} if neither --run nor --since is given.` },
    json: { type: "boolean", description: "Print one JSON document." },
    ...sessionArguments,
  },
  examples: [
    "keyturn audit --profile auditor",
    "keyturn audit --since 7d",
    "keyturn audit --run 20261122-010628-x7kq2 --json",
    "keyturn audit --verify",
  ],
  run: ({ args }) => {
    const isFiltered = args.run !== undefined || args.since !== undefined || args.limit !== undefined;
    const limit = args.limit === undefined ? (isFiltered ? Number.POSITIVE_INFINITY : latestByDefault) : limitOf(args.limit);
    return asAuditor(args, async (auditor) => {
      const sinceMs = args.since === undefined ? 0 : sinceOf(args.since, auditor.session.nowMs());
      const wanted = { limit, sinceMs, matches: matcher(args.run) };
      // Whoever verifies wants the verdict; the list comes along where it is asked for.
      const listed = args.verify && !isFiltered ? undefined : await readNewest(auditor, wanted);
      const verification = args.verify ? await verify(auditor) : undefined;
      console.log(args.json ? asJson(listed?.records, verification) : asText(listed, verification));
      return verification !== undefined && verification.findings.length > 0 ? exitCodes.failed : exitCodes.done;
    });
  },
});

const asJson = (records: readonly ListedRecord[] | undefined, verification: Verification | undefined): string =>
  JSON.stringify({ ...(records === undefined ? {} : { records }), ...(verification === undefined ? {} : { verification }) });

function asText(
  listed: { readonly records: readonly ListedRecord[]; readonly skipped: number } | undefined,
  verification: Verification | undefined,
): string {
  const shown = colours(process.stdout);
  const blocks: string[] = [];
  if (listed !== undefined) {
    blocks.push(recordsText(listed.records, shown));
    if (listed.skipped > 0)
      blocks.push(shown.paint("yellow", `${listed.skipped} objects are no records. Look closer: keyturn audit --verify`));
  }
  if (verification !== undefined) blocks.push(verificationText(verification, shown));
  return blocks.join("\n\n");
}

/** A replay in a new execution belongs to the run that it replays; its execution may be named as well. */
const matcher = (run: string | undefined) =>
  run === undefined
    ? () => true
    : (record: ListedRecord["record"]): boolean => record.run === run || executionNameOf(record.execution) === run;

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new UsageError(`--limit takes a whole number from 1, not ${text}. See keyturn audit --help.`);
}

const spans: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A date, an instant, or a span back from now. */
function sinceOf(text: string, nowMs: number): number {
  const [, count, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (spans[unit] ?? 0);
  const atMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new UsageError(
    `--since takes a date (2026-11-01), an instant (2026-11-01T08:00Z) or a span (36h, 7d), not ${text}. See keyturn audit --help.`,
  );
}
