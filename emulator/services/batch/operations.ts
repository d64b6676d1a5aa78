// Batch's API as far as it is modelled: submitting, watching and ending jobs, and reading what they run on.

import type {
  CancelJobRequest,
  DescribeComputeEnvironmentsRequest,
  DescribeJobDefinitionsRequest,
  DescribeJobQueuesRequest,
  DescribeJobsRequest,
  KeyValuesPair,
  ListJobsRequest,
  RegisterJobDefinitionRequest,
  SubmitJobRequest,
  TerminateJobRequest,
} from "@aws-sdk/client-batch";
import { notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Call, Environment, Operation, Permission, Service } from "../../service.ts";
import { type BatchResources, clientException } from "./batch-resources.ts";
import { describeComputeEnvironment, describeJob, describeJobDefinition, describeJobQueue, summarizeJob } from "./describe.ts";
import type { Job, Submission } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import { registeredDefinition } from "./registration.ts";
import { submission } from "./submission.ts";

interface Dependencies {
  readonly environment: Environment;
  readonly resources: BatchResources;
  readonly jobs: Jobs;
  /** Throws where the container could not be started without an engine, or its image cannot be used. */
  assertStartable(of: Submission): Promise<void>;
}

const everything = (action: string): readonly Permission[] => [{ action, resource: "*" }];

export function batchOperations(of: Dependencies): Service["operations"] {
  const { resources, jobs, environment } = of;
  const ends = (action: string, end: (job: Job, reason: string) => void): Operation<CancelJobRequest | TerminateJobRequest> => ({
    permissions: ({ jobId = "" }) => [
      { action, resource: resources.arn(`job/${jobId}`), ...resourceTags(jobs.get(jobId)?.submission.tags) },
    ],
    run({ jobId = "", reason = "" }) {
      const job = jobs.get(jobId);
      if (job === undefined) throw clientException(`Job ${jobId} does not exist`);
      if (reason === "") throw clientException("reason may not be empty");
      end(job, reason);
      return {};
    },
  });
  const submitJob: Operation<SubmitJobRequest> = {
    permissions: (input) => submitPermissions(input, of),
    async run(input, call: Call) {
      const submitted = submission(input, call, { resources, environment });
      await of.assertStartable(submitted);
      const { jobArn, jobId, jobName } = jobs.submit(submitted).submission;
      return { jobArn, jobId, jobName };
    },
  };
  const describeJobs: Operation<DescribeJobsRequest> = {
    permissions: () => everything("batch:DescribeJobs"),
    run({ jobs: ids = [] }) {
      if (ids.length === 0 || ids.length > 100) throw clientException("jobs must hold between 1 and 100 entries");
      // ARNs are taken too.
      return { jobs: ids.flatMap((id) => jobs.get(id.slice(id.lastIndexOf("/") + 1)) ?? []).map(describeJob) };
    },
  };
  const listJobs: Operation<ListJobsRequest> = {
    permissions: () => everything("batch:ListJobs"),
    run: (input) => listQueuedJobs(input, of),
  };
  const describeDefinitions: Operation<DescribeJobDefinitionsRequest> = {
    permissions: () => everything("batch:DescribeJobDefinitions"),
    run(input) {
      const names = input.jobDefinitions?.map((name) => name.slice(name.indexOf("/") + 1));
      const found = resources
        .jobDefinitions()
        .filter(({ name }) => input.jobDefinitionName === undefined || name === input.jobDefinitionName)
        .filter(({ name, revision }) => names === undefined || names.includes(name) || names.includes(`${name}:${revision}`))
        .filter(() => input.status === undefined || input.status === "ACTIVE");
      const { items, nextToken } = paged(found, input);
      return { jobDefinitions: items.map(describeJobDefinition), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };
  const describeQueues: Operation<DescribeJobQueuesRequest> = {
    permissions: () => everything("batch:DescribeJobQueues"),
    run(input) {
      const found = [...resources.jobQueues.values()].filter(({ name, arn }) => isNamed(input.jobQueues, name, arn));
      const { items, nextToken } = paged(found, input);
      return { jobQueues: items.map(describeJobQueue), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };
  const describeEnvironments: Operation<DescribeComputeEnvironmentsRequest> = {
    permissions: () => everything("batch:DescribeComputeEnvironments"),
    run(input) {
      const found = [...resources.computeEnvironments.values()].filter(({ name, arn }) => isNamed(input.computeEnvironments, name, arn));
      const { items, nextToken } = paged(found, input);
      const computeEnvironments = items.map((item) => describeComputeEnvironment(item, environment.account));
      return { computeEnvironments, ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };
  const registerJobDefinition: Operation<RegisterJobDefinitionRequest> = {
    permissions: (input) => registerPermissions(input, resources),
    run(input) {
      const { name, arn, revision } = resources.registerJobDefinition(registeredDefinition(input));
      return { jobDefinitionName: name, jobDefinitionArn: arn, revision };
    },
  };
  return {
    SubmitJob: submitJob,
    DescribeJobs: describeJobs,
    ListJobs: listJobs,
    CancelJob: ends("batch:CancelJob", (job, reason) => jobs.cancel(job, reason)),
    TerminateJob: ends("batch:TerminateJob", (job, reason) => jobs.terminate(job, reason)),
    DescribeJobDefinitions: describeDefinitions,
    DescribeJobQueues: describeQueues,
    DescribeComputeEnvironments: describeEnvironments,
    RegisterJobDefinition: registerJobDefinition,
  };
}

const resourceTags = (tags: Readonly<Record<string, string>> | undefined): { context?: Record<string, string> } =>
  tags === undefined ? {} : { context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])) };

const requestTags = (tags: Readonly<Record<string, string>> = {}): Record<string, string | readonly string[]> => ({
  ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  ...(Object.keys(tags).length === 0 ? {} : { "aws:TagKeys": Object.keys(tags) }),
});

/** The definition and the queue are both resources of the action; tagging at submission is an action of its own. */
function submitPermissions(input: SubmitJobRequest, { resources }: Dependencies): readonly Permission[] {
  const { jobDefinition = "", jobQueue = "", tags = {} } = input;
  const queue = resources.jobQueues.get(jobQueue.slice(jobQueue.indexOf("/") + 1));
  const definitionArn = resources.jobDefinitionRequestArn(jobDefinition);
  // Tags of a definition count only where the request names its revision, as on AWS.
  const definition = resources.jobDefinitions().find(({ arn }) => arn === definitionArn);
  const requested = requestTags(tags);
  const on = (resource: string, of: Readonly<Record<string, string>> | undefined): Permission => ({
    action: "batch:SubmitJob",
    resource,
    context: { ...requested, ...resourceTags(of).context },
  });
  return [
    on(definitionArn, definition?.tags),
    on(resources.jobQueueRequestArn(jobQueue), queue?.tags),
    ...(Object.keys(tags).length === 0 ? [] : [{ action: "batch:TagResource", resource: resources.arn("job/*"), context: requested }]),
  ];
}

function registerPermissions(input: RegisterJobDefinitionRequest, resources: BatchResources): readonly Permission[] {
  const { jobRoleArn, executionRoleArn } = input.containerProperties ?? {};
  const passed = [jobRoleArn, executionRoleArn].filter((arn) => arn !== undefined);
  const context = requestTags(input.tags);
  return [
    { action: "batch:RegisterJobDefinition", resource: resources.arn(`job-definition/${input.jobDefinitionName}`), context },
    ...passed.map((resource) => ({
      action: "iam:PassRole",
      resource,
      context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
    })),
  ];
}

function paged<Item>(items: readonly Item[], input: { maxResults?: number | undefined; nextToken?: string | undefined }) {
  return page(items, {
    limit: Math.min(input.maxResults ?? 100, 100),
    token: input.nextToken,
    invalid: () => clientException("Invalid nextToken"),
  });
}

const isNamed = (wanted: readonly string[] | undefined, name: string, arn: string): boolean =>
  wanted === undefined || wanted.length === 0 || wanted.includes(name) || wanted.includes(arn);

function listQueuedJobs(input: ListJobsRequest, { resources, jobs }: Dependencies): object {
  if (input.arrayJobId !== undefined || input.multiNodeJobId !== undefined) throw notImplemented("ListJobs of array or multi-node jobs");
  const queue = resources.jobQueue(input.jobQueue ?? "");
  const [filter] = input.filters ?? [];
  // With a filter, Batch ignores the status.
  const isListed = filter === undefined ? ({ status }: Job) => status === (input.jobStatus ?? "RUNNING") : jobFilter(filter);
  const found = jobs.list().filter((job) => job.submission.queue === queue && isListed(job));
  const { items, nextToken } = paged(found.reverse(), input);
  return { jobSummaryList: items.map(summarizeJob), ...(nextToken === undefined ? {} : { nextToken }) };
}

function jobFilter({ name, values = [] }: KeyValuesPair): (job: Job) => boolean {
  const like = (text: string) => values.some((value) => (value.endsWith("*") ? text.startsWith(value.slice(0, -1)) : text === value));
  switch (name) {
    case "JOB_NAME":
      return ({ submission: of }) => like(of.jobName);
    case "JOB_DEFINITION":
      return ({ submission: of }) => like(`${of.definition.name}:${of.definition.revision}`) || like(of.definition.arn);
    case "BEFORE_CREATED_AT":
      return ({ submission: of }) => of.createdAtMs < Number(values[0]);
    case "AFTER_CREATED_AT":
      return ({ submission: of }) => of.createdAtMs > Number(values[0]);
    default:
      throw notImplemented(`ListJobs with the filter ${name}`);
  }
}
