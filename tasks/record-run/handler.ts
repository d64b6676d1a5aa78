// Lambda record-run: takes the end of an execution, or the word to sweep; reads what it needs and adds to the records.

import { BatchClient, DescribeJobsCommand } from "@aws-sdk/client-batch";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import * as z from "zod/mini";
import { defineTask } from "../define-task.ts";
import { jsonText, parseEnvironment } from "../environment.ts";
import { historyReader } from "../read-history.ts";
import { executionsOf } from "./executions.ts";
import { recordStore } from "./record-store.ts";
import { recordExecution, sweep } from "./task.ts";
import { trailOf } from "./trail.ts";

const Environment = z.object({
  KEYTURN_RECORDS_BUCKET: z.string(),
  KEYTURN_STATE_MACHINE: z.string(),
  KEYTURN_RECORD_LOCK: jsonText(z.object({ mode: z.enum(["GOVERNANCE", "COMPLIANCE"]), days: z.int().check(z.minimum(1)) })),
  KEYTURN_VERSION: z.string(),
});

const Input = z.union([z.strictObject({ execution: z.string() }), z.strictObject({ sweep: z.literal(true) })]);

const environment = parseEnvironment(Environment, process.env);
const sfn = new SFNClient({});
const batch = new BatchClient({});
// Two requests a second is all that CloudTrail answers, over everybody in the account.
const trail = new CloudTrailClient({ maxAttempts: 8 });

const dependencies = {
  executions: executionsOf(sfn, { stateMachineArn: environment.KEYTURN_STATE_MACHINE, readHistory: historyReader(sfn) }),
  store: recordStore(new S3Client({}), environment.KEYTURN_RECORDS_BUCKET),
  findCalls: trailOf(trail),
  describeJobs: async (ids: readonly string[]) => (await batch.send(new DescribeJobsCommand({ jobs: [...ids] }))).jobs ?? [],
  nowMs: () => Date.now(),
  keyturn: environment.KEYTURN_VERSION,
  lock: environment.KEYTURN_RECORD_LOCK,
};

export const handler = defineTask({
  state: "RecordRun",
  parse: (event) => Input.parse(event),
  perform: (input) => ("sweep" in input ? sweep(dependencies) : recordExecution(input.execution, dependencies)),
  describe: (recorded) => ({ ...recorded }),
});
