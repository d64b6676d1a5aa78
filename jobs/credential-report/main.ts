// The job's program: reads IAM, writes the report to the job's bucket and says in the log what it found and where.

import { parseArgs } from "node:util";
import { IAMClient } from "@aws-sdk/client-iam";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod/mini";
import { type JobOutput, outputsLine } from "../outputs.ts";
import { readUsers } from "./read-users.ts";
import { buildReport, type Report, reportCsv, reportJson, reportSummary } from "./report.ts";

const days = z.pipe(z.string().check(z.regex(/^[0-9]{1,4}$/)), z.transform(Number));

const Arguments = z.object({ "max-key-age-days": days, "unused-days": days, "path-prefix": z.string() });
const Environment = z.object({ KEYTURN_BUCKET: z.string(), KEYTURN_RUN: z.string() });

try {
  const { bucket, run, limits, pathPrefix } = parse(process.argv.slice(2), process.env);
  // IAM throttles an account as a whole: the adaptive mode slows down instead of insisting.
  const users = await readUsers(new IAMClient({ retryMode: "adaptive", maxAttempts: 10 }), pathPrefix);
  const report = buildReport(users, { run, nowMs: Date.now(), limits, pathPrefix });
  const outputs = await writeReport(report, { bucket, s3: new S3Client({ maxAttempts: 5 }) });
  const written = outputs.map(({ key, bytes }) => `Written: s3://${bucket}/${key} (${bytes} bytes)`);
  for (const line of [...reportSummary(report), ...written, outputsLine(outputs)]) console.log(line);
} catch (error) {
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  console.error(`credential-report: no report was made: ${name}: ${message}`);
  process.exitCode = 1;
}

function parse(argv: readonly string[], environment: NodeJS.ProcessEnv) {
  const option = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { "max-key-age-days": option, "unused-days": option, "path-prefix": option },
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
  return {
    bucket: places.data.KEYTURN_BUCKET,
    run: places.data.KEYTURN_RUN,
    limits: { maxKeyAgeDays: given.data["max-key-age-days"], unusedDays: given.data["unused-days"] },
    pathPrefix: given.data["path-prefix"],
  };
}

async function writeReport(report: Report, { bucket, s3 }: { bucket: string; s3: S3Client }): Promise<readonly JobOutput[]> {
  const put = async (name: string, of: { type: string; text: string }): Promise<JobOutput> => {
    const key = `${report.run}/${name}`;
    const body = Buffer.from(of.text, "utf8");
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: of.type }));
    return { bucket, key, bytes: body.length };
  };
  return [
    await put("credential-report.csv", { type: "text/csv; charset=utf-8", text: reportCsv(report) }),
    await put("credential-report.json", { type: "application/json", text: reportJson(report) }),
  ];
}
