// Batch jobs as tasks: submitted, and with `.sync` followed to their end.

import { BatchClient, DescribeJobsCommand, SubmitJobCommand, type SubmitJobCommandInput, TerminateJobCommand } from "@aws-sdk/client-batch";
import type { Json } from "../../../core/canonical-json.ts";
import type { Credentials, Gateway } from "../../service.ts";
import { toCamelCase, toPascalCase } from "./pascal-case.ts";

/** What Step Functions adds to the environment of a job that it runs to the end. */
const startedByStepFunctions = { name: "MANAGED_BY_AWS", value: "STARTED_BY_STEP_FUNCTIONS" };

export interface JobCalls {
  readonly gateway: Gateway;
  /** Fresh for each call: a job may outlive a session. */
  credentials(): Promise<Credentials>;
}

export interface SubmittedJob {
  readonly jobId: string;
  /** The task's result where it does not wait for the job. */
  readonly answer: Json;
}

export async function submitJob(input: Json, { waits }: { waits: boolean }, calls: JobCalls): Promise<SubmittedJob> {
  const given = toCamelCase(input) as unknown as SubmitJobCommandInput;
  const environment = [...(given.containerOverrides?.environment ?? []), startedByStepFunctions];
  const request = waits ? { ...given, containerOverrides: { ...given.containerOverrides, environment } } : given;
  return withClient(calls, async (client) => {
    const { jobArn, jobId, jobName, $metadata } = await client.send(new SubmitJobCommand(request));
    if (jobId === undefined) throw new TypeError("SubmitJob gave no job id");
    const answer = {
      JobArn: jobArn ?? "",
      JobId: jobId,
      JobName: jobName ?? "",
      SdkHttpMetadata: { HttpStatusCode: $metadata.httpStatusCode ?? 200 },
      SdkResponseMetadata: { RequestId: $metadata.requestId ?? "" },
    };
    return { jobId, answer };
  });
}

/** The job as DescribeJobs shows it, in PascalCase; undefined where Batch knows it no more. */
export async function describeJob(jobId: string, calls: JobCalls): Promise<Readonly<Record<string, Json>> | undefined> {
  return withClient(calls, async (client) => {
    const { jobs } = await client.send(new DescribeJobsCommand({ jobs: [jobId] }));
    // Through JSON, which leaves out what is undefined.
    return jobs?.[0] === undefined
      ? undefined
      : (toPascalCase(JSON.parse(JSON.stringify(jobs[0])) as Json) as Readonly<Record<string, Json>>);
  });
}

export async function terminateJob(jobId: string, calls: JobCalls): Promise<void> {
  await withClient(calls, (client) =>
    client.send(new TerminateJobCommand({ jobId, reason: "The Step Functions state that waited for this job has ended." })),
  );
}

async function withClient<T>({ gateway, credentials }: JobCalls, use: (client: BatchClient) => Promise<T>): Promise<T> {
  const client = new BatchClient({ ...gateway.clientOptions(await credentials()), maxAttempts: 1 });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}
