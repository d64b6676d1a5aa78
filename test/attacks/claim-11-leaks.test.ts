// Claim 11 by attack: after a refused and a good code, every secret of the account is searched for wherever somebody could look.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BatchClient, DescribeJobsCommand } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, paginateDescribeLogGroups, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { paginateGetExecutionHistory, SFNClient } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoActs } from "../../cli/local/demo-acts.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { attemptsTableName, notificationTopicName } from "../../core/naming.ts";
import { type Deployed, startAttackedAccount } from "./attacked-account.ts";
import { type PlayedRun, playRun } from "./played-run.ts";

let at: Deployed;
let played: PlayedRun;
let secrets: readonly string[];

beforeAll(async () => {
  at = await startAttackedAccount();
  played = await playRun("searched", at);
  const { accessKeys, sessions } = at.emulator.store;
  secrets = [
    ...[...accessKeys.values()].map(({ secretAccessKey }) => secretAccessKey),
    ...[...sessions.values()].flatMap(({ secretAccessKey, sessionToken }) => [secretAccessKey, sessionToken]),
    ...[...at.admins.values()].map(({ authenticator }) => authenticator.seed),
  ];
});

afterAll(() => at?.emulator.stop());

/** The forms in which a secret could hide. */
const forms = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret, "utf8");
  // Base 64 of a text inside another text begins at any of three places; the middle of each is the same wherever it stands. Of a code there is
  // no middle left to look for.
  const base64 = (bytes.length < 12 ? [] : [0, 1, 2]).map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [
    secret,
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    bytes.toString("hex"),
    encodeURIComponent(secret),
  ];
};

const found = (haystack: string, needles: readonly string[]): string[] =>
  needles.filter((secret) => forms(secret).some((form) => haystack.includes(form)));

const places: readonly (readonly [string, () => Promise<string>])[] = [
  [
    "the execution's history",
    async () => {
      const sfn = signedIn(SFNClient, at.people.operator, at);
      const events: unknown[] = [];
      const request = { executionArn: played.executionArn, includeExecutionData: true };
      for await (const page of paginateGetExecutionHistory({ client: sfn }, request)) events.push(...(page.events ?? []));
      expect(events.length).toBeGreaterThan(30);
      return JSON.stringify(events);
    },
  ],
  [
    "every log",
    async () => {
      const logs = signedIn(CloudWatchLogsClient, at.administrator, at);
      const lines: string[] = [];
      for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, {})) {
        for (const { logGroupName } of logGroups) {
          for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName })) {
            lines.push(...events.map(({ message = "" }) => message));
          }
        }
      }
      expect(lines.length).toBeGreaterThan(20);
      return lines.join("\n");
    },
  ],
  [
    "what Lambda shows of its functions",
    async () => {
      const lambda = signedIn(LambdaClient, at.administrator, at);
      const functions: unknown[] = [];
      for await (const page of paginateListFunctions({ client: lambda }, {})) functions.push(...(page.Functions ?? []));
      expect(functions).toHaveLength(5);
      return JSON.stringify(functions);
    },
  ],
  [
    "what Batch shows of the job",
    async () => {
      const acts = new DemoActs(at, new AbortController().signal);
      const { id } = acts.jobOf(played.view);
      acts.destroy();
      const batch = signedIn(BatchClient, at.administrator, at);
      const { jobs } = await batch.send(new DescribeJobsCommand({ jobs: [id] }));
      expect(JSON.stringify(jobs)).toContain("KEYTURN_ENVELOPE");
      return JSON.stringify(jobs);
    },
  ],
  [
    "the templates and bundles",
    async () => {
      const { assembly } = await import("../../cli/local/synthesis.ts").then(({ synthesise }) =>
        synthesise(join(import.meta.dirname, "..", ".."), {
          app: { file: "test/fixtures/two-jobs/app.ts", alsoReads: ["test/fixtures/two-jobs"] },
        }),
      );
      const files = readdirSync(assembly, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
    },
  ],
  [
    "what was sent to people",
    async () => {
      const messages = at.emulator.sns.outbox(at.arn("sns", notificationTopicName));
      expect(messages).toHaveLength(1);
      return JSON.stringify(messages);
    },
  ],
];

describe("after a refused and a good code", () => {
  it("the run has succeeded, and the account holds secrets to look for", () => {
    expect(played.view.status).toBe("SUCCEEDED");
    expect(secrets.length).toBeGreaterThan(20);
  });

  it.each(places)("%s holds no secret key, session token or seed, in any form", async (_name, read) => {
    expect(found(await read(), secrets)).toEqual([]);
  });

  it("the table of attempts holds no code", async () => {
    const table = signedIn(DynamoDBClient, at.administrator, at);
    const { Items = [] } = await table.send(new ScanCommand({ TableName: attemptsTableName }));
    expect(Items.length).toBeGreaterThanOrEqual(2);
    expect(found(JSON.stringify(Items), [...secrets, ...played.codes])).toEqual([]);
  });

  it("no notification and no log holds a code or a task token", async () => {
    const tokens = played.view.visits.flatMap(({ taskInput }) => JSON.stringify(taskInput ?? "").match(/"taskToken":"([^"]+)"/)?.[1] ?? []);
    expect(tokens).toHaveLength(1);
    for (const name of ["every log", "what was sent to people"]) {
      const place = places.find(([place]) => place === name);
      const text = (await place?.[1]()) ?? "";
      expect(found(text, tokens)).toEqual([]);
      // Six digits turn up by chance in numbers and ids; a code of its own does not.
      for (const code of played.codes) expect(text).not.toMatch(new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`));
    }
  });

  it("finds a secret that is hidden in each form: the search can fail", () => {
    const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    for (const form of [
      secret,
      Buffer.from(`{"a":"${secret}"}`).toString("base64"),
      Buffer.from(secret).toString("hex"),
      encodeURIComponent(secret),
    ]) {
      expect(found(`before ${form} after`, [secret])).toEqual([secret]);
    }
  });
});
