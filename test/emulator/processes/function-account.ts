// An account with Lambda and one bundle of handlers, for one test file at a time.

import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import type { DiscardedEvent } from "../../../emulator/services/lambda/asynchronous-events.ts";
import type { Invocation } from "../../../emulator/services/lambda/invoker.ts";
import { createLambda, type Lambda } from "../../../emulator/services/lambda.ts";
import { startWorkloadAccount, type WorkloadAccount, writeLogs } from "./workload-account.ts";

const code = {
  "index.mjs": `
    export const echo = async (event, context) => ({ event, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 });
    export const variables = async () => process.env;
    export const fails = async () => { throw Object.assign(new TypeError("no such thing"), { name: "NoSuchThing" }); };
    export const prints = async () => { console.log("a line\\nand its rest"); process.stderr.write("raw\\n"); return 1; };
    export const exits = async () => process.exit(3);
    export const rejects = async () => { Promise.reject(new Error("nobody caught this")); return new Promise(() => {}); };
    export const hangs = async () => new Promise(() => setInterval(() => {}, 1000));
    export const big = async () => "x".repeat(7_000_000);
    export const now = async () => Date.now();
    export const waits = async (event) => { await fetch(event.url); return process.pid; };
    export const callback = (event, context, done) => done();
  `,
  "broken.mjs": "throw new RangeError('at load');",
  "syntax.mjs": "export const = 1;",
};

export let account: WorkloadAccount;
export let lambda: Lambda;
export let client: LambdaClient;
let folder: string;
let roleArn: string;
export let clock: MovableClock;
export let invocations: Invocation[];
export let discarded: DiscardedEvent[];
export let lost: { functionName: string; events: number }[];

/** Gives the test file that calls it an account of its own for as long as it runs. */
export function useFunctionAccount(): void {
  beforeAll(startAccount);
  afterAll(() => account.stop());
}

async function startAccount(): Promise<void> {
  clock = new MovableClock();
  [invocations, discarded, lost] = [[], [], []];
  account = await startWorkloadAccount(
    ({ environment, gateway, roles, kms, network: subnets }) => {
      lambda = createLambda(environment, {
        gateway,
        roles,
        keys: kms,
        subnets,
        onInvocation: (of) => invocations.push(of),
        onLogLost: (of) => lost.push(of),
        onDiscarded: (of) => discarded.push(of),
      });
      return [lambda];
    },
    { clock },
  );
  client = account.client(LambdaClient);
  folder = await account.folder(code);
  roleArn = await account.role("FunctionRole", { service: "lambda.amazonaws.com", statements: [writeLogs] });
}

/** Gives the event loop its turns until `isTrue`; the test's own time limit ends a wait in vain. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

/** Creates a function on the code above. */
export async function createFunction(name: string, handler: string, properties: object = {}): Promise<void> {
  const Code = { S3Bucket: "assets", S3Key: folder };
  await account.create("AWS::Lambda::Function", {
    FunctionName: name,
    Handler: handler,
    Code,
    Role: roleArn,
    Runtime: "nodejs24.x",
    ...properties,
  });
}

/** Invokes as the administrator; parses answer and log. */
export async function invoke(name: string, event: unknown = {}, options: Partial<InvokeCommandInput> = {}) {
  const reply = await client.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...options }));
  const text = Buffer.from(reply.Payload ?? []).toString("utf8");
  return {
    ...reply,
    answer: text === "" ? undefined : JSON.parse(text),
    log: Buffer.from(reply.LogResult ?? "", "base64").toString("utf8"),
  };
}
