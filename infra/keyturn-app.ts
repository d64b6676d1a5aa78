// The app: six stacks by owner, in the order in which each can be deployed alone.

import { App, type AppProps, type Stack, Tags } from "aws-cdk-lib";
import cdkJson from "../cdk.json" with { type: "json" };
import { catalogue } from "../jobs/catalogue.ts";
import type { JobDefinition } from "../jobs/definition.ts";
import type { Bundles } from "./bundles.ts";
import type { KeyturnConfig } from "./config.ts";
import { IdentityStack } from "./stacks/identity.ts";
import { JobsStack } from "./stacks/jobs.ts";
import { KeysStack } from "./stacks/keys.ts";
import { NetworkStack } from "./stacks/network.ts";
import { RecordStack } from "./stacks/record.ts";
import { WorkflowStack } from "./stacks/workflow.ts";

export interface BuildOptions {
  /** @defaultValue the catalogue */
  readonly jobs?: readonly JobDefinition[];
  readonly bundles: Bundles;
  /**
   * Whether the synth validates the templates against CloudFormation's schemas and rules, with the places in the code for its findings.
   * @defaultValue false
   */
  readonly isValidated?: boolean;
  readonly app?: AppProps;
}

export interface KeyturnApp {
  readonly app: App;
  readonly config: KeyturnConfig;
  readonly network: NetworkStack;
  readonly identity: IdentityStack;
  readonly keys: KeysStack;
  readonly jobs: JobsStack;
  readonly workflow: WorkflowStack;
  readonly record: RecordStack;
}

/** Builds the app; nothing is looked up, so it needs neither an account nor a network. */
export function buildApp(config: KeyturnConfig, options: BuildOptions): KeyturnApp {
  const { jobs = catalogue, bundles, isValidated = false } = options;
  const app = new App({
    analyticsReporting: false,
    treeMetadata: isValidated,
    stackTraces: isValidated,
    context: cdkJson.context,
    builtinCloudFormationValidation: isValidated,
    ...options.app,
  });
  const common = {
    config,
    jobs,
    env: { region: config.region, ...(config.account === undefined ? {} : { account: config.account }) },
    ...(config.retention.onDelete === "keep" ? { terminationProtection: true } : {}),
  };
  const network = new NetworkStack(app, "keyturn-network", {
    ...common,
    description: "Keyturn: isolated subnets, and the endpoints by which they reach AWS",
  });
  const identity = new IdentityStack(app, "keyturn-identity", {
    ...common,
    network,
    description: "Keyturn: batch admins, every role and policy",
  });
  const keys = new KeysStack(app, "keyturn-keys", {
    ...common,
    bundles,
    description: "Keyturn: the relay's keys, the admins' secrets and their rotation",
  });
  const jobsStack = new JobsStack(app, "keyturn-jobs", {
    ...common,
    network,
    keys,
    bundles,
    description: "Keyturn: AWS Batch and each job's own resources",
  });
  const workflow = new WorkflowStack(app, "keyturn-workflow", {
    ...common,
    network,
    keys,
    bundles,
    description: "Keyturn: the state machine and its tasks",
  });
  const record = new RecordStack(app, "keyturn-record", {
    ...common,
    keys,
    bundles,
    description: "Keyturn: the record of every finished run",
  });
  deployInOrder([network, identity, keys, jobsStack, workflow, record]);
  for (const [key, value] of Object.entries(config.tags)) Tags.of(app).add(key, value);
  return { app, config, network, identity, keys, jobs: jobsStack, workflow, record };
}

/** Names hold the stacks together more than exports do, so the order has to be said. */
function deployInOrder(stacks: readonly Stack[]): void {
  for (const [index, stack] of stacks.entries()) {
    const before = stacks[index - 1];
    if (before) stack.addStackDependency(before, "its policies and references name what that stack makes");
  }
}
