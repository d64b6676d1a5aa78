// An account whose secrets are rotated by a function that asks the test, step by step, what to do.

import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { MovableClock } from "../../../emulator/clock.ts";
import { createLambda } from "../../../emulator/services/lambda.ts";
import type { RotationAttempt } from "../../../emulator/services/secrets-manager/rotations.ts";
import { createSecretsManager, type SecretsManager } from "../../../emulator/services/secrets-manager.ts";
import { startWorkloadAccount, type WorkloadAccount, writeLogs } from "../processes/workload-account.ts";

/** What Secrets Manager sends. */
export interface StepEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

export interface RotationAccount {
  readonly account: WorkloadAccount;
  readonly clock: MovableClock;
  readonly secrets: SecretsManagerClient;
  readonly secretsManager: SecretsManager;
  /** `arn:…:function:rotate`, which Secrets Manager may invoke for every secret. */
  readonly functionArn: string;
  /** What the function was asked, and how attempts ended, since `secret` was last called. */
  readonly events: StepEvent[];
  readonly attempts: RotationAttempt[];
  /** What the function does with a step; a rotation that works unless a test says otherwise. */
  onStep: (event: StepEvent) => Promise<unknown>;
  /** A new secret with the value "0", and no other; its name. */
  secret(): Promise<string>;
  /** One more. */
  another(): Promise<string>;
  describe(SecretId: string): ReturnType<typeof describeSecret>;
  /** Moves the clock to the next attempt and lets it come to its end. */
  nextAttempt(SecretId: string): Promise<void>;
  /** What a rotation does, step by step. */
  works(event: StepEvent): Promise<unknown>;
  stop(): Promise<void>;
}

const describeSecret = (secrets: SecretsManagerClient, SecretId: string) => secrets.send(new DescribeSecretCommand({ SecretId }));

const code = `export const handler = async (event) => {
  const reply = await fetch(process.env.ASK, { method: "POST", body: JSON.stringify(event) });
  if (!reply.ok) throw new Error(await reply.text());
};`;

export async function startRotationAccount(): Promise<RotationAccount> {
  const clock = new MovableClock({ frozenAtMs: Date.parse("2026-03-01T12:00:00Z") });
  const attempts: RotationAttempt[] = [];
  const events: StepEvent[] = [];
  let secretsManager: SecretsManager | undefined;
  const account = await startWorkloadAccount(
    ({ environment, gateway, roles, kms, network: subnets }) => {
      const lambda = createLambda(environment, { gateway, roles, keys: kms, subnets });
      secretsManager = createSecretsManager(environment, { kms, functions: lambda.forServices, onRotation: (of) => attempts.push(of) });
      return [lambda, secretsManager];
    },
    { clock },
  );
  if (secretsManager === undefined) throw new Error("startWorkloadAccount built no Secrets Manager");
  const made = secretsManager;
  const secrets = account.client(SecretsManagerClient);
  const asked = await listen(async (event) => {
    events.push(event);
    await at.onStep(event);
  });
  const Role = await account.role("Rotating", { service: "lambda.amazonaws.com", statements: [writeLogs] });
  const { attributes } = await account.create("AWS::Lambda::Function", {
    FunctionName: "rotate",
    Handler: "index.handler",
    Runtime: "nodejs24.x",
    Code: { S3Bucket: "assets", S3Key: await account.folder({ "index.mjs": code }) },
    Role,
    Timeout: 900,
    Environment: { Variables: { ASK: `http://127.0.0.1:${(asked.address() as AddressInfo).port}` } },
  });
  const permission = { Action: "lambda:InvokeFunction", Principal: "secretsmanager.amazonaws.com", SourceAccount: "111122223333" };
  await account.create("AWS::Lambda::Permission", { FunctionName: "rotate", ...permission });
  const names: string[] = [];
  const works = async ({ Step, SecretId, ClientRequestToken }: StepEvent): Promise<unknown> => {
    if (Step === "createSecret") {
      const VersionStages = ["AWSPENDING"];
      return secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString: ClientRequestToken, VersionStages }));
    }
    if (Step !== "finishSecret") return undefined;
    const { VersionIdsToStages = {} } = await describeSecret(secrets, SecretId);
    const [RemoveFromVersionId] = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes("AWSCURRENT")) ?? [];
    const move = { SecretId, VersionStage: "AWSCURRENT", MoveToVersionId: ClientRequestToken, RemoveFromVersionId };
    return secrets.send(new UpdateSecretVersionStageCommand(move));
  };
  const at: RotationAccount = {
    account,
    clock,
    secrets,
    secretsManager: made,
    functionArn: String(attributes["Arn"]),
    events,
    attempts,
    onStep: works,
    works,
    async secret() {
      // The clock is everybody's: what was rotated before is not any more.
      for (const SecretId of names) await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      await made.idle();
      names.length = 0;
      return at.another();
    },
    async another() {
      events.length = 0;
      attempts.length = 0;
      at.onStep = works;
      const Name = `app/${randomUUID()}`;
      names.push(Name);
      await secrets.send(new CreateSecretCommand({ Name, SecretString: "0" }));
      return Name;
    },
    describe: (SecretId) => describeSecret(secrets, SecretId),
    async nextAttempt(SecretId) {
      const atMs = made.nextRotation(SecretId);
      if (atMs === undefined) throw new Error(`no attempt is set for ${SecretId}`);
      await clock.advance(atMs - clock.now());
      await made.idle();
    },
    async stop() {
      await made.idle();
      await account.stop();
      asked.close();
      asked.closeAllConnections();
    },
  };
  return at;
}

async function listen(act: (event: StepEvent) => Promise<void>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const failed = await act(JSON.parse(Buffer.concat(pieces).toString("utf8")) as StepEvent).catch((error: unknown) => error);
    response.writeHead(failed === undefined ? 200 : 500).end(failed instanceof Error ? failed.message : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
