// Every operation that the emulator models, called by boto3, whose models and parsers share nothing with the SDK that describes the wire here.

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FurnishedAccount, startFurnishedAccount } from "../fuzz/furnished-account.ts";
import { hasBoto3 } from "./installed.ts";

interface Outcome {
  /** The installed botocore knows no such operation. */
  readonly absent?: true;
  readonly unparsed?: string;
  readonly misfits?: readonly string[];
  readonly code?: string | null;
  readonly message?: string | null;
  readonly status?: number;
  readonly requestId?: string | null;
  readonly paged?: { readonly whole: number; readonly single: number; readonly pages: number } | null;
}

/** boto3's name of a service, where it is not the one that signs. */
const names: Readonly<Record<string, string>> = { states: "stepfunctions", servicequotas: "service-quotas" };

/** Where botocore's model leaves out what AWS needs, or the test does. */
const inputs: Readonly<Record<string, object>> = {
  "sqs:ReceiveMessage": { WaitTimeSeconds: 0 },
  ...Object.fromEntries(
    ["sts:GetAccessKeyInfo", "iam:UpdateAccessKey", "iam:GetAccessKeyLastUsed", "iam:DeleteAccessKey"].map((operation) => [
      operation,
      { AccessKeyId: "AKIAIOSFODNN7EXAMPLE" },
    ]),
  ),
  "iam:CreateAccessKey": { UserName: "a-user" },
  // Not all that there is: looking is a call as well, which the trail shows from then on.
  "cloudtrail:LookupEvents": { LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "kms.amazonaws.com" }] },
};

/** What others need is taken away last. */
const order = (operation: string): number =>
  /^(Create|Put|Register|Enable)/.test(operation) ? 0 : /^(Delete|Remove|Schedule|Purge|Stop|Disable)/.test(operation) ? 2 : 1;

/** Waits for an hour; the clock of this test stands still. */
const waits = ["GetActivityTask"];

describe.skipIf(!hasBoto3)("boto3", () => {
  let account: FurnishedAccount;
  let outcomes: Readonly<Record<string, Outcome>>;

  beforeAll(async () => {
    account = await startFurnishedAccount({ realTime: true });
    const { gateway, administrator, endpoint } = account.emulator;
    const operations = gateway.services
      .flatMap(({ signingName, operations: modelled }) =>
        Object.keys(modelled).map((operation) => [names[signingName] ?? signingName, operation] as const),
      )
      .filter(([, operation]) => !waits.includes(operation))
      .sort(([, a], [, b]) => order(a) - order(b));
    const child = spawn("python3", [`${import.meta.dirname}/every-operation.py`], {
      env: {
        PATH: process.env["PATH"],
        HOME: "/nonexistent",
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: administrator.accessKeyId,
        AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const known = account.known.map(([pattern, values]) => [pattern.source, pattern.flags, values]);
    child.stdin.end(JSON.stringify({ endpoint, operations, known, inputs }));
    outcomes = JSON.parse(await text(child.stdout)) as Readonly<Record<string, Outcome>>;
  }, 120_000);
  afterAll(() => account?.emulator.stop());

  const those = (holds: (outcome: Outcome) => unknown): string[] =>
    Object.entries(outcomes).flatMap(([name, outcome]) => (holds(outcome) ? [`${name} ${JSON.stringify(outcome)}`] : []));

  it("knows the operations, but for those that are newer than it is", () => {
    expect(Object.keys(outcomes).length).toBeGreaterThan(200);
    expect(those(({ absent }) => absent)).toEqual([]);
  });

  it("can parse every answer", () => {
    expect(those(({ unparsed }) => unparsed)).toEqual([]);
  });

  it("finds timestamps, bytes, numbers and every required member where its model has them", () => {
    expect(those(({ misfits = [] }) => misfits.length > 0)).toEqual([]);
  });

  it("finds a request id in every answer, and a code and a message in every error", () => {
    expect(those(({ absent, unparsed, requestId }) => !absent && !unparsed && !requestId)).toEqual([]);
    expect(those(({ code, message }) => code !== undefined && (!code || (!message && code !== "404")))).toEqual([]);
    expect(those(({ status = 200, code }) => status >= 500 && code !== "NotImplemented")).toEqual([]);
  });

  it("gets through to most operations, and is told why not by the others", () => {
    const done = those(({ misfits }) => misfits !== undefined);
    expect(done.length).toBeGreaterThan(130);
  });

  it("finds as many things page by page as all at once", () => {
    const pagers = those(({ paged }) => paged);
    expect(pagers.length).toBeGreaterThan(15);
    expect(those(({ paged }) => paged && paged.single !== paged.whole)).toEqual([]);
    expect(those(({ paged }) => paged && paged.pages > 1).length).toBeGreaterThan(3);
  });
});
