// Rotation as AWS documents it: who is asked what, in which order, when, and what is left where it fails.

import { AddPermissionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CancelRotateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assertRules, nextWindow } from "../../../emulator/services/secrets-manager/rotation-schedule.ts";
import type { RotationRules } from "../../../emulator/services/secrets-manager/secrets.ts";
import { type RotationAccount, startRotationAccount } from "./rotation-account.ts";

const rotating = [
  ["as it is set up, where the policy says no more", {}, [{}], true],
  ["but no other function", {}, [{ Null: { "secretsmanager:RotationLambdaARN": "true" } }], true],
  ["with a function, and may not invoke it", { isConfigured: true }, [{}], false],
  [
    "with a function that the policy does not know",
    { isConfigured: true },
    [{ Null: { "secretsmanager:RotationLambdaARN": "true" } }],
    false,
  ],
  ["with rules, where they may not be changed", { rules: true }, [{ Bool: { "secretsmanager:ModifyRotationRules": "false" } }], false],
  [
    "a secret that this function rotates",
    {},
    [{ ArnEquals: { "secretsmanager:resource/AllowRotationLambdaArn": "arn:aws:lambda:us-east-1:111122223333:function:rotate" } }],
    true,
  ],
  [
    "a secret that another function rotates",
    {},
    [{ ArnEquals: { "secretsmanager:resource/AllowRotationLambdaArn": "arn:aws:lambda:us-east-1:111122223333:function:other" } }],
    false,
  ],
] as const;
const roleNameOf = (title: string) => title.replaceAll(/[^a-z]+/g, "-").slice(0, 60);

let at: RotationAccount;
beforeAll(async () => {
  at = await startRotationAccount();
  // Before the clock moves: a client that has been idle meanwhile may need more tries than it has.
  await at.account.role("Narrow", { service: "lambda.amazonaws.com" });
  for (const [title, , [Condition]] of rotating) {
    const statement = { Action: "secretsmanager:RotateSecret", Resource: "*", ...(Object.keys(Condition).length > 0 ? { Condition } : {}) };
    await at.account.role(roleNameOf(title), { service: "states.amazonaws.com", statements: [statement] });
  }
});
afterAll(() => at.stop());

const monthly = { RotationRules: { AutomaticallyAfterDays: 30 } };
/** Turns rotation on and leaves the secret as it is. */
async function scheduled(rules: object = monthly): Promise<string> {
  const SecretId = await at.secret();
  await at.secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: at.functionArn, RotateImmediately: false, ...rules }));
  await at.secretsManager.idle();
  at.events.length = 0;
  at.attempts.length = 0;
  return SecretId;
}
const value = async (SecretId: string, VersionStage = "AWSCURRENT") =>
  (await at.secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;
const stages = async (SecretId: string) =>
  Object.values((await at.describe(SecretId)).VersionIdsToStages ?? {}).map((of) => [...of].sort());
const steps = () => at.events.map(({ Step }) => Step);
const four = ["createSecret", "setSecret", "testSecret", "finishSecret"];
const hours = (count: number) => count * 3_600_000;

describe("a rotation", () => {
  it("asks the function four times about a version that stands from the beginning and has no value yet", async () => {
    const SecretId = await at.secret();
    const { ARN } = await at.describe(SecretId);
    const seen: unknown[] = [];
    at.onStep = async (event) => {
      if (event.Step === "createSecret") {
        seen.push((await at.describe(SecretId)).VersionIdsToStages?.[event.ClientRequestToken]);
        seen.push(await value(SecretId, "AWSPENDING").catch((error: Error) => error.message));
        const { Versions } = await at.secrets.send(new ListSecretVersionIdsCommand({ SecretId }));
        seen.push(Versions?.length);
      }
      return at.works(event);
    };
    const { VersionId } = await at.secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: at.functionArn, ...monthly }));
    await at.secretsManager.idle();
    expect(seen).toEqual([["AWSPENDING"], "Secrets Manager can't find the specified secret value for staging label: AWSPENDING", 1]);
    expect(steps()).toEqual(four);
    for (const event of at.events) {
      expect(event).toEqual({ Step: event.Step, SecretId: ARN, ClientRequestToken: VersionId, RotationToken: expect.any(String) });
    }
    expect(at.attempts).toEqual([{ secretName: SecretId, token: VersionId, isTest: false, attempt: 1 }]);
    expect(await value(SecretId)).toBe(VersionId);
    expect(await value(SecretId, "AWSPREVIOUS")).toBe("0");
    // AWSPENDING is gone: Secrets Manager cleans it up.
    expect(await stages(SecretId)).toEqual([["AWSPREVIOUS"], ["AWSCURRENT"]]);
  });

  it("comes by schedule, and says when it was and when the next one is due", async () => {
    const SecretId = await scheduled();
    const day = (after: number) => new Date(Math.floor(at.clock.now() / hours(24)) * hours(24) + hours(24 * after));
    const [first, second] = [day(30), day(60)];
    const endOf = (date: Date) => new Date(date.getTime() + hours(24) - 1000);
    expect(await at.describe(SecretId)).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: at.functionArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
      NextRotationDate: endOf(first),
    });
    expect((await at.describe(SecretId)).LastRotatedDate).toBeUndefined();
    await at.nextAttempt(SecretId);
    expect(at.clock.now()).toBe(first.getTime());
    expect(steps()).toEqual(four);
    expect(await at.describe(SecretId)).toMatchObject({ LastRotatedDate: first, NextRotationDate: endOf(second) });
    const { SecretList } = await at.secrets.send(new ListSecretsCommand({ Filters: [{ Key: "name", Values: [SecretId] }] }));
    expect(SecretList).toMatchObject([{ RotationEnabled: true, NextRotationDate: endOf(second) }]);
  });

  it("is put off by a value that somebody writes, where the schedule is an interval", async () => {
    const SecretId = await scheduled();
    await at.clock.advance(hours(240));
    const before = at.secretsManager.nextRotation(SecretId) ?? 0;
    await at.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: "by hand" }));
    expect((at.secretsManager.nextRotation(SecretId) ?? 0) - before).toBe(hours(240));
    const monthlyByCalendar = await scheduled({ RotationRules: { ScheduleExpression: "cron(0 8 1 * ? *)" } });
    const kept = at.secretsManager.nextRotation(monthlyByCalendar);
    await at.secrets.send(new PutSecretValueCommand({ SecretId: monthlyByCalendar, SecretString: "by hand" }));
    expect(at.secretsManager.nextRotation(monthlyByCalendar)).toBe(kept);
  });

  it("of a schedule that is not to begin at once is tested: one step, of a version that is gone afterwards", async () => {
    const SecretId = await at.secret();
    await at.secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: at.functionArn, RotateImmediately: false, ...monthly }));
    expect(await stages(SecretId)).toEqual([["AWSCURRENT"], ["AWSPENDING"]]);
    await at.secretsManager.idle();
    expect(steps()).toEqual(["testSecret"]);
    expect(at.attempts).toMatchObject([{ secretName: SecretId, isTest: true }]);
    expect(await stages(SecretId)).toEqual([["AWSCURRENT"]]);
  });
});

describe("a rotation that fails", () => {
  const failing = (step: string) => async (event: Parameters<RotationAccount["onStep"]>[0]) => {
    if (event.Step === step) throw new Error(`${step} broke off`);
    return at.works(event);
  };

  it("is tried again as a whole, with the same token, and counts from its success", async () => {
    const SecretId = await scheduled();
    at.onStep = failing("testSecret");
    await at.nextAttempt(SecretId);
    expect(at.attempts[0]?.failure).toMatchObject({ step: "testSecret", message: expect.stringContaining("testSecret broke off") });
    expect(await stages(SecretId)).toEqual([["AWSCURRENT"], ["AWSPENDING"]]);
    at.onStep = at.works;
    await at.nextAttempt(SecretId);
    expect(steps()).toEqual([...four.slice(0, 3), ...four]);
    expect(new Set(at.events.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(1);
    expect(at.attempts[1]).toMatchObject({ attempt: 2 });
    expect(await stages(SecretId)).toEqual([["AWSPREVIOUS"], ["AWSCURRENT"]]);
  });

  it("is given up after five tries until its next window, and its date stays in the past", async () => {
    const SecretId = await scheduled();
    at.onStep = failing("createSecret");
    const { NextRotationDate: due } = await at.describe(SecretId);
    await at.nextAttempt(SecretId);
    const begun = at.clock.now();
    const distances: number[] = [];
    for (let retry = 0; retry < 4; retry += 1) {
      const from = at.clock.now();
      await at.nextAttempt(SecretId);
      distances.push((at.clock.now() - from) / 60_000);
    }
    expect(distances).toEqual([5, 15, 60, 240]);
    expect(at.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect((await at.describe(SecretId)).NextRotationDate).toEqual(due);
    // The version stays pending, empty.
    expect(await stages(SecretId)).toEqual([["AWSCURRENT"], ["AWSPENDING"]]);
    at.onStep = at.works;
    await at.nextAttempt(SecretId);
    expect(at.clock.now() - begun).toBe(hours(30 * 24));
    expect(at.attempts.at(-1)).not.toHaveProperty("failure");
    expect(at.attempts.at(-1)?.token).toBe(at.attempts[0]?.token);
  });

  it("stands in the way of one by hand, which has it tried again", async () => {
    const SecretId = await scheduled();
    at.onStep = failing("setSecret");
    await at.nextAttempt(SecretId);
    at.onStep = at.works;
    await expect(at.secrets.send(new RotateSecretCommand({ SecretId }))).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: "A previous rotation isn't complete. That rotation will be reattempted.",
    });
    await at.secretsManager.idle();
    expect(at.attempts.map(({ token }) => token)).toEqual([0, 1].map(() => at.attempts[0]?.token));
    expect(await stages(SecretId)).toEqual([["AWSPREVIOUS"], ["AWSCURRENT"]]);
  });

  it("ends where somebody takes AWSPENDING off", async () => {
    const SecretId = await scheduled();
    at.onStep = failing("createSecret");
    await at.nextAttempt(SecretId);
    const RemoveFromVersionId = at.events[0]?.ClientRequestToken;
    await at.secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: "AWSPENDING", RemoveFromVersionId }));
    await at.nextAttempt(SecretId);
    expect(steps()).toEqual(["createSecret"]);
    at.onStep = at.works;
    const { VersionId } = await at.secrets.send(new RotateSecretCommand({ SecretId }));
    await at.secretsManager.idle();
    expect(VersionId).not.toBe(RemoveFromVersionId);
    expect(await value(SecretId)).toBe(VersionId);
  });

  it("is one whose function did not move AWSCURRENT", async () => {
    const SecretId = await scheduled();
    at.onStep = async (event) => (event.Step === "finishSecret" ? undefined : at.works(event));
    await at.nextAttempt(SecretId);
    expect(at.attempts[0]?.failure).toEqual({
      step: "finishSecret",
      message: `the version ${at.events[0]?.ClientRequestToken} did not become AWSCURRENT`,
    });
  });

  it("stops after its step when rotation is turned off, and leaves the version pending", async () => {
    const SecretId = await scheduled();
    at.onStep = async (event) => {
      await at.works(event);
      if (event.Step === "createSecret") {
        const { VersionId } = await at.secrets.send(new CancelRotateSecretCommand({ SecretId }));
        expect(VersionId).toBe(event.ClientRequestToken);
      }
    };
    await at.nextAttempt(SecretId);
    expect(steps()).toEqual(["createSecret"]);
    expect(at.attempts).toEqual([]);
    expect(at.secretsManager.nextRotation(SecretId)).toBeUndefined();
    const described = await at.describe(SecretId);
    expect(described).toMatchObject({
      RotationEnabled: false,
      RotationLambdaARN: at.functionArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect([described.NextRotationDate, described.LastRotatedDate]).toEqual([undefined, undefined]);
    expect(await stages(SecretId)).toEqual([["AWSCURRENT"], ["AWSPENDING"]]);
  });

  it("does not come to a secret that is marked for deletion, until it is restored", async () => {
    const SecretId = await scheduled({ RotationRules: { ScheduleExpression: "rate(4 hours)" } });
    await at.secrets.send(new DeleteSecretCommand({ SecretId }));
    for (let missed = 0; missed < 3; missed += 1) await at.nextAttempt(SecretId);
    expect(steps()).toEqual([]);
    await at.secrets.send(new RestoreSecretCommand({ SecretId }));
    await at.nextAttempt(SecretId);
    expect(steps()).toEqual(four);
  });
});

describe("whoever rotates", () => {
  it("needs a function, and rules, that were given once", async () => {
    const SecretId = await at.secret();
    const refused = (input: object) =>
      at.secrets.send(new RotateSecretCommand({ SecretId, ...input })).then(
        () => "taken",
        (error: Error) => error.message,
      );
    expect(await refused({})).toBe("No Lambda rotation function ARN is associated with this secret.");
    expect(await refused({ RotationLambdaARN: at.functionArn })).toBe("You must specify RotationRules for a secret that has none.");
    expect(await refused({ RotationLambdaARN: `${at.functionArn}-not`, ...monthly })).toMatch(/^Function not found/);
    expect((await at.describe(SecretId)).RotationEnabled).toBeUndefined();
  });

  it("is refused where the function's policy does not let Secrets Manager in for that secret", async () => {
    const functionArn = at.functionArn.replace(":rotate", ":narrow");
    const [SecretId, other] = [await at.secret(), await at.another()];
    const { ARN: SourceArn } = await at.describe(SecretId);
    const Role = "arn:aws:iam::111122223333:role/Narrow";
    const Code = { S3Bucket: "assets", S3Key: await at.account.folder({ "index.mjs": "export const handler = async () => {};" }) };
    const definition = { FunctionName: "narrow", Handler: "index.handler", Runtime: "nodejs24.x", Code, Role };
    await at.account.create("AWS::Lambda::Function", definition);
    const rotate = (of: string) =>
      at.secrets.send(new RotateSecretCommand({ SecretId: of, RotationLambdaARN: functionArn, RotateImmediately: false, ...monthly }));
    const denied = {
      name: "AccessDeniedException",
      message:
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
    };
    await expect(rotate(SecretId)).rejects.toMatchObject(denied);
    const statement = { StatementId: "one", Action: "lambda:InvokeFunction", Principal: "secretsmanager.amazonaws.com", SourceArn };
    await at.account.client(LambdaClient).send(new AddPermissionCommand({ FunctionName: "narrow", ...statement }));
    await expect(rotate(other)).rejects.toMatchObject(denied);
    expect((await rotate(SecretId)).Name).toBe(SecretId);
    await at.secretsManager.idle();
  });

  it.each(rotating)("may rotate %s", async (title, of, _conditions, isAllowed) => {
    const SecretId = await scheduled();
    const roleArn = `arn:aws:iam::111122223333:role/${roleNameOf(title)}`;
    const sourceArn = "arn:aws:states:us-east-1:111122223333:stateMachine:test";
    const session = await at.account.roles.assumeAsService({ service: "states.amazonaws.com", roleArn, sessionName: "test", sourceArn });
    const input = {
      SecretId,
      ...("isConfigured" in of ? { RotationLambdaARN: at.functionArn } : {}),
      ...("rules" in of ? monthly : {}),
    };
    const sent = at.account.client(SecretsManagerClient, session).send(new RotateSecretCommand(input));
    if (isAllowed) expect((await sent).Name).toBe(SecretId);
    else await expect(sent).rejects.toMatchObject({ name: "AccessDeniedException" });
    await at.secretsManager.idle();
  });
});

describe("a rotation schedule of a template", () => {
  it("turns rotation on, and begins at once unless it says otherwise", async () => {
    const [SecretId, later] = [await at.secret(), await at.another()];
    const RotationRules = { ScheduleExpression: "rate(10 days)", Duration: "3h" };
    const properties = { RotationLambdaARN: at.functionArn, RotationRules };
    const { ref } = await at.account.create("AWS::SecretsManager::RotationSchedule", { SecretId, ...properties });
    await at.account.create("AWS::SecretsManager::RotationSchedule", { SecretId: later, ...properties, RotateImmediatelyOnUpdate: false });
    await at.secretsManager.idle();
    expect(ref).toBe((await at.describe(SecretId)).ARN);
    expect(steps().toSorted()).toEqual([...four, "testSecret"].toSorted());
    expect(await at.describe(later)).toMatchObject({
      RotationEnabled: true,
      RotationRules: { AutomaticallyAfterDays: 10, ScheduleExpression: "rate(10 days)", Duration: "3h" },
    });
  });
});

describe("the window of a rotation", () => {
  const from = Date.parse("2026-05-10T15:30:00Z");

  it.each<[string, RotationRules, string, string]>([
    ["after days: a whole day", { automaticallyAfterDays: 90 }, "2026-08-08T00:00:00Z", "2026-08-08T23:59:59Z"],
    ["of a rate in days: likewise", { scheduleExpression: "rate(1 day)" }, "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z"],
    ["of a rate in hours: one hour", { scheduleExpression: "rate(12 hours)" }, "2026-05-11T03:00:00Z", "2026-05-11T04:00:00Z"],
    ["of a date: to the day's end", { scheduleExpression: "cron(0 8 1 * ? *)" }, "2026-06-01T08:00:00Z", "2026-06-01T23:59:59Z"],
    ["of hours of a day: one hour", { scheduleExpression: "cron(0 /8 * * ? *)" }, "2026-05-10T16:00:00Z", "2026-05-10T17:00:00Z"],
    [
      "with a duration: that long",
      { scheduleExpression: "cron(0 16 1,15 * ? *)", duration: "2h" },
      "2026-05-15T16:00:00Z",
      "2026-05-15T18:00:00Z",
    ],
  ])("%s", (_title, rules, opens, closes) => {
    assertRules(rules);
    const window = nextWindow(rules, { countsFromMs: from, afterMs: from });
    expect([window.opensAtMs, window.closesAtMs].map((ms) => new Date(ms).toISOString().replace(".000", ""))).toEqual([opens, closes]);
  });

  it("is the next that has not opened, where rotations were missed", () => {
    const { opensAtMs } = nextWindow({ automaticallyAfterDays: 30 }, { countsFromMs: from, afterMs: from + hours(24 * 65) });
    expect(new Date(opensAtMs).toISOString()).toBe("2026-08-08T00:00:00.000Z");
  });

  it.each<[string, RotationRules]>([
    ["no schedule", {}],
    ["two schedules", { automaticallyAfterDays: 3, scheduleExpression: "rate(3 days)" }],
    ["no days", { automaticallyAfterDays: 0 }],
    ["too many days", { automaticallyAfterDays: 1001 }],
    ["too often", { scheduleExpression: "rate(3 hours)" }],
    ["too seldom", { scheduleExpression: "rate(1000 days)" }],
    ["minutes", { scheduleExpression: "rate(300 minutes)" }],
    ["within an hour", { scheduleExpression: "cron(30 8 1 * ? *)" }],
    ["in one year only", { scheduleExpression: "cron(0 8 1 * ? 2027)" }],
    ["on no such day", { scheduleExpression: "cron(0 8 32 * ? *)" }],
    ["a window without hours", { automaticallyAfterDays: 3, duration: "90m" }],
    ["a window into the next day", { scheduleExpression: "cron(0 22 1 * ? *)", duration: "3h" }],
  ])("is refused with %s", (_title, rules) => {
    expect(() => assertRules(rules)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
  });
});
