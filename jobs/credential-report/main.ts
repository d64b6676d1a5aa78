// The job's program: reads IAM, writes the report to the job's bucket and says in the log what it found and where.

import { parseArgs } from "node:util";
import { IAMClient } from "@aws-sdk/client-iam";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod/mini";
import { outputsLine, tableLine } from "../outputs.ts";
import { readUsers } from "./read-users.ts";
import { buildReport, reportCsv, reportJson, reportSummary, reportTable, tableColumns } from "./report.ts";

const days = z.pipe(z.string().check(z.regex(/^[0-9]{1,4}$/, "is no number of days")), z.transform(Number));

const Arguments = z.object({ "max-key-age-days": days, "unused-days": days, "path-prefix": z.string() });
const Environment = z.object({ KEYTURN_BUCKET: z.string(), KEYTURN_RUN: z.string() });

const { values } = parseArgs({
  options: { "max-key-age-days": { type: "string" }, "unused-days": { type: "string" }, "path-prefix": { type: "string" } },
});
const given = Arguments.parse(values);
const { KEYTURN_BUCKET: bucket, KEYTURN_RUN: run } = Environment.parse(process.env);
const pathPrefix = given["path-prefix"];

const iam = new IAMClient({ retryMode: "adaptive", maxAttempts: 10 });
const s3 = new S3Client({ maxAttempts: 5 });

const users = await readUsers(iam, pathPrefix);
const report = buildReport(users, {
  run,
  nowMs: Date.now(),
  limits: { maxKeyAgeDays: given["max-key-age-days"], unusedDays: given["unused-days"] },
  pathPrefix,
});

const put = async (name: string, ContentType: string, text: string) => {
  const Key = `${run}/${name}`;
  const Body = Buffer.from(text, "utf8");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType }));
  return { bucket, key: Key, bytes: Body.length };
};

const outputs = [
  await put("credential-report.csv", "text/csv; charset=utf-8", reportCsv(report)),
  await put("credential-report.json", "application/json", reportJson(report)),
];

for (const line of reportSummary(report)) console.log(line);
for (const { bucket: at, key, bytes } of outputs) console.log(`Written: s3://${at}/${key} (${bytes} bytes)`);
console.log(tableLine(tableColumns, reportTable(report)));
console.log(outputsLine(outputs));
