// The check of a whole synth: quiet on what is deployed, and each of its judges heard when something is wrong.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CfnBucket } from "aws-cdk-lib/aws-s3";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { CfnStateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { afterAll, describe, expect, it } from "vitest";
import { checkSynth, describeCheck } from "../../infra/check-synth.ts";
import { parseConfig } from "../../infra/config.ts";
import { definitionFaults } from "../../infra/definition-faults.ts";
import { buildApp, type KeyturnApp } from "../../infra/keyturn-app.ts";
import { sampleJobs } from "./sample-jobs.ts";
import { formBundles } from "./synthesised.ts";
import { validConfig } from "./valid-config.ts";

const folder = mkdtempSync(join(tmpdir(), "checked-bundles-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bundles = formBundles(folder);

const check = (damage: (keyturn: KeyturnApp) => void = () => {}) =>
  checkSynth((app) => {
    const keyturn = buildApp(parseConfig(validConfig, sampleJobs), { jobs: sampleJobs, bundles, isValidated: true, app });
    damage(keyturn);
    return keyturn;
  });

describe("the check of a synth", () => {
  it("finds nothing in what is deployed, and says how long it looked", async () => {
    const checked = await check();
    expect(checked.findings).toEqual([]);
    expect(describeCheck(checked)).toMatch(
      /^6 stacks: 0 errors, 0 warnings \(built in [\d.]+ s, synthesised and checked in [\d.]+ s, definition in [\d.]+ s\)$/,
    );
  });

  it("hears cdk-nag, CloudFormation's schemas and the States Language, one line each", async () => {
    const checked = await check(({ jobs }) => {
      new Queue(jobs, "Open", { encryption: QueueEncryption.UNENCRYPTED, enforceSSL: true });
      new CfnBucket(jobs, "Odd").addPropertyOverride("BucketNam", "odd");
      const definition = { StartAt: "A", States: { A: { Type: "Pass", Next: "B" } } };
      new CfnStateMachine(jobs, "Machine", { roleArn: "arn:aws:iam::111122223333:role/r", definitionString: JSON.stringify(definition) });
    });
    const lines = describeCheck(checked).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^error {2}AwsSolutions-SQS2 {2}keyturn-jobs\/Open\/Resource: /),
        expect.stringMatching(/^error {2}F\d+ {2}keyturn-jobs\/Odd: .*BucketNam/),
        expect.stringMatching(/^error {2}States Language {2}keyturn-jobs\/Machine: .*B/),
      ]),
    );
    expect(lines.at(-1)).toMatch(/^6 stacks: \d+ errors, /);
  });
});

describe("a definition in a template", () => {
  const faults = (DefinitionString: unknown) =>
    definitionFaults({ Resources: { M: { Type: "AWS::StepFunctions::StateMachine", Properties: { DefinitionString } } } }).map(
      ({ message }) => message,
    );

  it.each([
    ["is no text", undefined, "the definition is no JSON"],
    ["is no JSON", "{", "the definition is no JSON"],
    ["is a list's text", "7", "the definition is no JSON object"],
    ["has no states", '{"StartAt": "A"}', "States"],
    ["starts nowhere", '{"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}', "B"],
    ["goes nowhere", '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}', "B"],
  ])("is faulty when it %s", (_what, definition, message) => {
    expect(faults(definition).join("\n")).toContain(message);
  });

  it("may be joined of text and references", () => {
    const joined = ["", ['{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"', { "Fn::GetAtt": ["F", "Arn"] }, '","End":true}}}']];
    expect(faults({ "Fn::Join": joined })).toEqual([]);
  });
});
