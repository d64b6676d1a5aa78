// The workflow: the state machine, its Lambdas, what they keep and whom they notify. Owner: the people who operate Keyturn.

import { Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { Role } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";
import { attemptsTableName, jobDefinitionParameter, jobRoleName, notificationTopicName, roleNames } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { keyturnWorkflow, type LambdaStep } from "../../workflows/keyturn-workflow.ts";
import { arnsOf, placeOf } from "../arns.ts";
import type { Bundles } from "../bundles.ts";
import type { KeyturnConfig } from "../config.ts";
import { removalPolicyFor } from "../constructs/key.ts";
import { RunEndRule } from "../constructs/run-end-rule.ts";
import { TaskFunction } from "../constructs/task-function.ts";
import { type LambdaTask, lambdaTasks } from "../identity/task-roles.ts";
import { EventRules } from "../workflow/event-rules.ts";
import { MissedStarts } from "../workflow/missed-starts.ts";
import { Schedules } from "../workflow/schedules.ts";
import { KeyturnStateMachine } from "../workflow/state-machine.ts";
import type { KeysStack } from "./keys.ts";
import type { NetworkStack } from "./network.ts";

export interface WorkflowStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
  readonly network: NetworkStack;
  readonly keys: KeysStack;
  readonly bundles: Bundles;
}

/** A session opens job roles while its MFA code is younger than their trust demands; STS's shortest session is as long. */
const sessionSeconds = 900;

export class WorkflowStack extends Stack {
  constructor(scope: Construct, id: string, props: WorkflowStackProps) {
    super(scope, id, props);
    const { config, keys } = props;
    const logsKey = Key.fromKeyArn(this, "LogsKey", keys.services.logs);
    const workflowKey = Key.fromKeyArn(this, "WorkflowKey", keys.services.workflow);
    this.#attemptsTable(workflowKey, config);
    this.#notifications(workflowKey, config);
    const tasks = this.#tasks(props, logsKey);
    const { start } = keyturnWorkflow(new Construct(this, "States"), {
      admitRun: tasks("admit-run"),
      requestMfa: tasks("request-mfa"),
      validateMfa: tasks("validate-mfa"),
      retrieveCredentials: tasks("retrieve-credentials"),
      authorizeSubmission: tasks("authorize-submission"),
      runJobRoleArn: arnsOf(this).role(roleNames.runJob),
      approvalSeconds: config.limits.approvalSeconds,
    });
    new KeyturnStateMachine(this, {
      start,
      workflowKey: keys.services.workflow,
      logsKey,
      logDays: config.retention.logDays,
      removal: removalPolicyFor(config.retention.onDelete),
    });
    this.#starts(props, logsKey);
    this.#announceEnds(props, logsKey);
  }

  /** How runs start without a person; what no job asks for is not made. */
  #starts({ config, jobs, keys, bundles }: WorkflowStackProps, logsKey: IKey): void {
    const missed = new MissedStarts(this, { jobs, workflowKey: keys.services.workflow });
    const starter = (task: string, runsUnder: string): IFunction => {
      const { function: made } = new TaskFunction(this, {
        task,
        runsUnder,
        code: bundles.task(task),
        environment: { KEYTURN_STATE_MACHINE: arnsOf(this).stateMachine },
        logsKey,
        logDays: config.retention.logDays,
        removal: removalPolicyFor(config.retention.onDelete),
      });
      missed.takeFailuresOf(made);
      return made;
    };
    if (jobs.some(({ schedule }) => schedule)) {
      new Schedules(this, { jobs, missed, startScheduledRun: starter("start-scheduled-run", roleNames.startScheduledRun) });
    }
    if (jobs.some(({ events = [] }) => events.length > 0)) {
      new EventRules(this, { jobs, missed, startEventRun: starter("start-event-run", roleNames.startEventRun) });
    }
  }

  #attemptsTable(encryptionKey: IKey, config: KeyturnConfig): void {
    new Table(this, "AttemptsTable", {
      tableName: attemptsTableName,
      partitionKey: { name: "admin", type: AttributeType.STRING },
      sortKey: { name: "attempt", type: AttributeType.STRING },
      timeToLiveAttribute: "expiresAt",
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyFor(config.retention.onDelete),
    });
  }

  #notifications(masterKey: IKey, config: KeyturnConfig): void {
    const topic = new Topic(this, "Notifications", {
      topicName: notificationTopicName,
      displayName: "Keyturn",
      masterKey,
      enforceSSL: true,
    });
    const admins = Object.values(config.admins).flatMap(({ email }) => (email === undefined ? [] : [email]));
    for (const email of new Set([...config.notifications.emails, ...admins])) topic.addSubscription(new EmailSubscription(email));
  }

  #announceEnds({ config, bundles }: WorkflowStackProps, logsKey: IKey): void {
    const made = new TaskFunction(this, {
      task: "announce-end",
      runsUnder: roleNames.announceEnd,
      code: bundles.task("announce-end"),
      environment: { KEYTURN_TOPIC_ARN: arnsOf(this).topic },
      logsKey,
      logDays: config.retention.logDays,
      removal: removalPolicyFor(config.retention.onDelete),
    });
    new RunEndRule(this, {
      task: "announce-end",
      function: made.function,
      description: "a run has ended and people are told",
      input: { execution: "executionArn", status: "status" },
    });
  }

  /** The Lambdas with the environment that each handler parses; one that is not in the table below does not exist. */
  #tasks({ config, jobs, network, keys, bundles }: WorkflowStackProps, logsKey: IKey): (task: LambdaTask) => LambdaStep {
    const arns = arnsOf(this);
    const { relay } = keys;
    const plan = Object.fromEntries(
      jobs.map((job) => [
        job.name,
        {
          jobDefinition: StringParameter.valueForStringParameter(this, jobDefinitionParameter(job.name)),
          jobRole: arns.role(jobRoleName(job.name)),
          jobQueue: arns.jobQueue(job.spot === true),
          queueSeconds: config.limits.queueSeconds,
        },
      ]),
    );
    const planWithKeys = Object.fromEntries(
      Object.entries(plan).map(([job, entry]) => [job, { ...entry, jobKey: relay.jobs.get(job)?.envelopes }]),
    );
    const lock = { KEYTURN_MAX_REFUSALS: String(config.limits.refusals), KEYTURN_LOCK_SECONDS: String(config.limits.lockSeconds) };
    const environments: Record<LambdaTask, Readonly<Record<string, string>>> = {
      "admit-run": { KEYTURN_PLAN: this.toJsonString(plan), KEYTURN_ADMINS: JSON.stringify(Object.keys(config.admins)) },
      "request-mfa": { KEYTURN_TOPIC_ARN: arns.topic, ...lock },
      "validate-mfa": {
        KEYTURN_ATTEMPTS_TABLE: attemptsTableName,
        KEYTURN_CODE_KEY: relay.code,
        KEYTURN_SESSION_KEY: relay.mfaSession,
        ...lock,
        KEYTURN_SESSION_SECONDS: String(sessionSeconds),
      },
      "retrieve-credentials": {
        KEYTURN_SESSION_KEY: relay.mfaSession,
        KEYTURN_CREDENTIALS_KEY: relay.jobCredentials,
        KEYTURN_PLACES: this.toJsonString(Object.fromEntries(jobs.map(({ name }) => [name, placeOf(this, name)]))),
      },
      "authorize-submission": { KEYTURN_CREDENTIALS_KEY: relay.jobCredentials, KEYTURN_PLAN: this.toJsonString(planWithKeys) },
    };
    return (task) => {
      const { invokedUnder, runsUnder } = lambdaTasks[task];
      const made = new TaskFunction(this, {
        task,
        runsUnder,
        code: bundles.task(task),
        environment: environments[task],
        logsKey,
        logDays: config.retention.logDays,
        removal: removalPolicyFor(config.retention.onDelete),
        ...(task === "validate-mfa" || task === "retrieve-credentials"
          ? { network: { vpc: network.vpc, tenant: network.tenants[task] } }
          : {}),
      });
      return {
        function: made.function,
        invokedUnder: Role.fromRoleArn(made, "InvokedUnder", arns.role(invokedUnder), { mutable: false }),
      };
    };
  }
}
