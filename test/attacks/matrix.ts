// Tries probes as everybody, and keeps what came of it: who got through, who got through in part, and which actions were asked for.

import type { Credentials } from "../../emulator/service.ts";
import { type Deployed, type Principal, principals, startAttackedAccount, stolen } from "./attacked-account.ts";
import type { ClientOf, Probe } from "./probe.ts";
import { makeSpecimens, type Specimens } from "./specimens.ts";

export interface Tried {
  /** Principals that nothing of the probe was refused to. */
  readonly may: readonly Principal[];
  /** Principals that something was refused to, and something not. */
  readonly partly: readonly Principal[];
  /** Errors that are no refusals of AWS's; none may be the emulator's own fault. */
  readonly errors: ReadonlySet<string>;
  /** `kms:Decrypt`: each with the principals that it was not refused to. */
  readonly actions: ReadonlyMap<string, ReadonlySet<Principal>>;
}

const refusals = ["AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"];

/** IAM's name of each client's service, and of the actions that are not called like their operation. */
const prefixes: Readonly<Record<string, string>> = {
  BatchClient: "batch",
  CloudTrailClient: "cloudtrail",
  CloudFormationClient: "cloudformation",
  CloudWatchLogsClient: "logs",
  DynamoDBClient: "dynamodb",
  EventBridgeClient: "events",
  IAMClient: "iam",
  KMSClient: "kms",
  LambdaClient: "lambda",
  S3Client: "s3",
  SchedulerClient: "scheduler",
  SFNClient: "states",
  SNSClient: "sns",
  ServiceQuotasClient: "servicequotas",
  SQSClient: "sqs",
  SSMClient: "ssm",
  STSClient: "sts",
  SecretsManagerClient: "secretsmanager",
};
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  "lambda:Invoke": ["lambda:InvokeFunction"],
  "s3:GetObjectLockConfiguration": ["s3:GetBucketObjectLockConfiguration"],
  "s3:ListObjectVersions": ["s3:ListBucketVersions"],
  "s3:ListObjectsV2": ["s3:ListBucket"],
  "kms:ReEncrypt": ["kms:ReEncryptFrom", "kms:ReEncryptTo"],
  "batch:SubmitJob": ["batch:SubmitJob", "batch:TagResource"],
};

function prefixOf(client: string): string {
  const prefix = prefixes[client];
  if (prefix === undefined) throw new Error(`IAM's name for the service of ${client} is missing here`);
  return prefix;
}

interface WatchedClient {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: object) => Promise<object>, context: { commandName?: string }) => (args: object) => Promise<object>,
      options: { step: "initialize" },
    ): void;
  };
}

interface Call {
  readonly action: string;
  readonly refused: boolean;
}

export class Matrix {
  readonly #at: Deployed;
  readonly #specimens: Specimens;
  readonly #held: ReadonlyMap<Principal, Credentials>;
  readonly #clients = new Map<string, unknown>();
  #calls: Call[] = [];

  private constructor(at: Deployed, specimens: Specimens, held: ReadonlyMap<Principal, Credentials>) {
    this.#at = at;
    this.#specimens = specimens;
    this.#held = held;
  }

  static async start(): Promise<Matrix> {
    const at = await startAttackedAccount();
    const specimens = await makeSpecimens(at);
    const held = new Map<Principal, Credentials>();
    for (const principal of principals) held.set(principal, await stolen(principal, at));
    return new Matrix(at, specimens, held);
  }

  get account(): Deployed {
    return this.#at;
  }

  async try(probe: Probe): Promise<Tried> {
    const may: Principal[] = [];
    const partly: Principal[] = [];
    const errors = new Set<string>();
    const actions = new Map<string, Set<Principal>>();
    for (const principal of principals) {
      this.#calls = [];
      const ended = await probe.attempt(this.#clientsOf(principal), this.#at, this.#specimens).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.name : String(error)),
      );
      if (ended !== undefined && !refusals.includes(ended)) errors.add(ended);
      const passed = this.#calls.filter(({ refused }) => !refused);
      if (passed.length === this.#calls.length && this.#calls.length > 0) may.push(principal);
      else if (passed.length > 0) partly.push(principal);
      for (const { action } of this.#calls) {
        for (const name of actionsOf[action] ?? [action]) if (!actions.has(name)) actions.set(name, new Set());
      }
      for (const { action } of passed) for (const name of actionsOf[action] ?? [action]) actions.get(name)?.add(principal);
    }
    return { may, partly, errors, actions };
  }

  #clientsOf(principal: Principal): ClientOf {
    const credentials = this.#held.get(principal);
    if (credentials === undefined) throw new Error(`no credentials of ${principal}`);
    return <Client>(client: new (options: object) => Client): Client => {
      const key = `${principal} ${client.name}`;
      const known = this.#clients.get(key) as Client | undefined;
      if (known !== undefined) return known;
      const made = new client({ ...this.#at.emulator.gateway.clientOptions(credentials), maxAttempts: 1 });
      // Every client of the SDK has this stack; the type that a probe names says nothing of it.
      this.#watch(made as WatchedClient, prefixOf(client.name));
      this.#clients.set(key, made);
      return made;
    };
  }

  #watch(client: WatchedClient, prefix: string): void {
    client.middlewareStack.add(
      (next, { commandName = "" }) =>
        async (args) => {
          const action = `${prefix}:${commandName.replace(/Command$/, "")}`;
          try {
            const result = await next(args);
            this.#calls.push({ action, refused: false });
            return result;
          } catch (error) {
            this.#calls.push({ action, refused: error instanceof Error && refusals.includes(error.name) });
            throw error;
          }
        },
      { step: "initialize" },
    );
  }
}
