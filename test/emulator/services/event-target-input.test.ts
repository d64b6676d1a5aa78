// What a target gets of an event; the first rows are the examples of EventBridge's own documentation.

import { describe, expect, it } from "vitest";
import type { BusEvent } from "../../../emulator/services/events/event.ts";
import { type InputShape, parseTargetInput } from "../../../emulator/services/events/target-input.ts";

const event: BusEvent = {
  version: "0",
  id: "7bf73129-1428-4cd3-a780-95db273d1602",
  "detail-type": "EC2 Instance State-change Notification",
  source: "aws.ec2",
  account: "123456789012",
  time: "2015-11-11T21:29:54Z",
  region: "us-east-1",
  resources: ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
  detail: { "instance-id": "i-0123456789", state: "RUNNING", count: 2, tags: [{ k: "a" }, { k: "b" }], note: 'a "quoted"\nline' },
};
const context = {
  ruleArn: "arn:aws:events:us-east-1:123456789012:rule/example",
  ruleName: "example",
  ingestedAtMs: Date.parse("2015-11-11T21:29:55.250Z"),
};

const given = (input: InputShape): unknown => JSON.parse(parseTargetInput(input, "t")(event, context));
const paths = { instance: "$.detail.instance-id", state: "$.detail.state", all: "$.detail", note: "$.detail.note", gone: "$.detail.gone" };
const filled = (InputTemplate: string): unknown => given({ InputTransformer: { InputPathsMap: paths, InputTemplate } });

describe("a target gets", () => {
  it.each<[what: string, input: InputShape, expected: unknown]>([
    ["the whole event", {}, event],
    ["the whole event by its path", { InputPath: "$" }, event],
    ["a part", { InputPath: "$.detail" }, event.detail],
    ["a member with a hyphen", { InputPath: "$.detail-type" }, event["detail-type"]],
    ["an element", { InputPath: "$.detail.tags[1].k" }, "b"],
    ["every element", { InputPath: "$.detail.tags[*].k" }, ["a", "b"]],
    ["null for what is not there", { InputPath: "$.detail.none.at.all" }, null],
    ["a fixed text", { Input: '{"job": "x"}' }, { job: "x" }],
  ])("%s", (_, input, expected) => {
    expect(given(input)).toEqual(expected);
  });

  it.each<[template: string, expected: unknown]>([
    ['"instance <instance> is in <state>"', "instance i-0123456789 is in RUNNING"],
    ['"instance \\"<instance>\\" is in <state>"', 'instance "i-0123456789" is in RUNNING'],
    ['{"instance": <instance>, "state": <state>}', { instance: "i-0123456789", state: "RUNNING" }],
    ['{"instance": <instance>, "state": "<state>"}', { instance: "i-0123456789", state: "RUNNING" }],
    ['{"state": [9, <state>, true], "Transformed": "Yes"}', { state: [9, "RUNNING", true], Transformed: "Yes" }],
    [
      '{"ruleArn": <aws.events.rule-arn>, "ruleName": "<aws.events.rule-name>", "at": <aws.events.event.ingestion-time>}',
      { ruleArn: context.ruleArn, ruleName: "example", at: "2015-11-11T21:29:55.250Z" },
    ],
    ['{"event": <aws.events.event.json>}', { event }],
    ['{"detail": <all>}', { detail: event.detail }],
    ['{"note": <note>}', { note: 'a "quoted"\nline' }],
    ['{"gone": <gone>, "text": "[<gone>]"}', { gone: "", text: "[]" }],
  ])("the template %s filled", (template, expected) => {
    expect(filled(template)).toEqual(expected);
  });

  it("the event without its detail as aws.events.event", () => {
    const { detail: _, ...envelope } = event;
    expect(filled('{"event": <aws.events.event>}')).toEqual({ event: envelope });
  });

  it("nothing where a value that is filled in between quotes breaks them", () => {
    expect(() => filled('{"note": "<note>"}')).toThrow(expect.objectContaining({ name: "INVALID_JSON" }));
  });
});

describe("is refused:", () => {
  it.each<[message: string, input: InputShape]>([
    ["Only one of Input, InputPath, or InputTransformer", { Input: "{}", InputPath: "$" }],
    ["Invalid Input for target t", { Input: "text" }],
    ["Invalid InputTemplate for target t", { InputTransformer: { InputTemplate: "plain text" } }],
    ["Invalid InputTemplate for target t", { InputTransformer: { InputPathsMap: { a: "$.id" }, InputTemplate: "{<a>: 1}" } }],
    ["contains placeholder b, which InputPathsMap does not define", { InputTransformer: { InputTemplate: '{"a": <b>}' } }],
    ['cannot start with "AWS."', { InputTransformer: { InputPathsMap: { "aws.x": "$.id" }, InputTemplate: '"<aws.x>"' } }],
    ["An InputTemplate of several lines of text is not modelled", { InputTransformer: { InputTemplate: '"one"\n"two"' } }],
    ["The JSON path $..id in an EventBridge target is not modelled", { InputPath: "$..id" }],
    ["The JSON path $['id'] in an EventBridge target is not modelled", { InputPath: "$['id']" }],
  ])("%s", (message, input) => {
    expect(() => parseTargetInput(input, "t")).toThrow(message);
  });
});
