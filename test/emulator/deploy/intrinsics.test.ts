// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its substitutions so.

import { describe, expect, it } from "vitest";
import type { Json } from "../../../core/canonical-json.ts";
import { resolve, resolveCondition } from "../../../emulator/deploy/intrinsics.ts";
import type { CreatedResource } from "../../../emulator/deploy/resource-type.ts";
import { StackScope } from "../../../emulator/deploy/stack-scope.ts";
import { Template } from "../../../emulator/deploy/template.ts";

const created: Record<string, CreatedResource> = {
  Key: { ref: "1234", attributes: { Arn: "arn:aws:kms:us-east-1:111122223333:key/1234" } },
  Endpoint: { ref: "vpce-1", attributes: { DnsEntries: ["Z1:one.example", "Z2:two.example"], "Nested.Name": "inner" } },
};

const scope = new StackScope({
  identity: {
    stackName: "keys",
    stackId: "arn:aws:cloudformation:us-east-1:111122223333:stack/keys/1",
    account: "111122223333",
    region: "us-east-1",
  },
  template: Template.parse({
    Mappings: { Sizes: { small: { cpu: "256", memory: 512 } } },
    Conditions: {
      Always: { "Fn::Equals": ["a", "a"] },
      Never: { "Fn::Not": [{ Condition: "Always" }] },
      Circle: { Condition: "Circle" },
    },
    Resources: {
      Key: { Type: "Test::Key" },
      Endpoint: { Type: "Test::Endpoint" },
      Absent: { Type: "Test::Key", Condition: "Never" },
    },
  }),
  parameters: new Map<string, Json>([
    ["Size", "small"],
    ["Zones", ["a", "b"]],
  ]),
  resource: (logicalId) => created[logicalId],
  exported: (name) => (name === "network:Vpc" ? "vpc-1" : undefined),
});

const sub = (template: string) => ({ "Fn::Sub": template });

describe("an expression is worth", () => {
  it.each<[string, Json, Json]>([
    ["a literal, itself", { a: [1, true, null, "x"] }, { a: [1, true, null, "x"] }],
    ["a parameter's value", { Ref: "Size" }, "small"],
    ["a list parameter's list", { Ref: "Zones" }, ["a", "b"]],
    ["a resource's Ref", { Ref: "Key" }, "1234"],
    ["the account", { Ref: "AWS::AccountId" }, "111122223333"],
    ["the partition", { Ref: "AWS::Partition" }, "aws"],
    ["the stack's id", { Ref: "AWS::StackId" }, "arn:aws:cloudformation:us-east-1:111122223333:stack/keys/1"],
    ["an attribute, named in a list", { "Fn::GetAtt": ["Key", "Arn"] }, "arn:aws:kms:us-east-1:111122223333:key/1234"],
    ["an attribute, named with a dot", { "Fn::GetAtt": "Endpoint.Nested.Name" }, "inner"],
    ["joined parts", { "Fn::Join": [":", ["a", { Ref: "Size" }, 3]] }, "a:small:3"],
    ["a joined list parameter", { "Fn::Join": ["-", { Ref: "Zones" }] }, "a-b"],
    ["a substitution", sub("${Size} ${Key} ${Key.Arn} ${AWS::Region}"), "small 1234 arn:aws:kms:us-east-1:111122223333:key/1234 us-east-1"],
    [
      "a substitution's own variables before the stack's",
      { "Fn::Sub": ["${Size}/${Mine}", { Size: "big", Mine: { Ref: "Key" } }] },
      "big/1234",
    ],
    ["a literal ${…} in a substitution", sub("${!Size}"), "${Size}"],
    ["the chosen element", { "Fn::Select": ["1", { "Fn::GetAtt": ["Endpoint", "DnsEntries"] }] }, "Z2:two.example"],
    ["split parts", { "Fn::Split": [":", "a:b:"] }, ["a", "b", ""]],
    ["a part of an attribute", { "Fn::Select": [5, { "Fn::Split": [":", { "Fn::GetAtt": ["Key", "Arn"] }] }] }, "key/1234"],
    ["the branch of a true condition", { "Fn::If": ["Always", 1, { Ref: "Nowhere" }] }, 1],
    ["the branch of a false condition", { "Fn::If": ["Never", { Ref: "Nowhere" }, 2] }, 2],
    ["no member at all for AWS::NoValue", { a: { Ref: "AWS::NoValue" }, b: 1 }, { b: 1 }],
    ["no element at all for AWS::NoValue", [1, { "Fn::If": ["Always", { Ref: "AWS::NoValue" }, 2] }], [1]],
    ["a mapping's value", { "Fn::FindInMap": ["Sizes", { Ref: "Size" }, "memory"] }, 512],
    ["a mapping's default", { "Fn::FindInMap": ["Sizes", "huge", "cpu", { DefaultValue: "0" }] }, "0"],
    ["another stack's export", { "Fn::ImportValue": sub("network:Vpc") }, "vpc-1"],
    ["base64", { "Fn::Base64": "keyturn" }, "a2V5dHVybg=="],
    ["address blocks", { "Fn::Cidr": ["10.0.255.0/24", 3, 6] }, ["10.0.255.0/26", "10.0.255.64/26", "10.0.255.128/26"]],
    ["the region's zones", { "Fn::GetAZs": "" }, ["us-east-1a", "us-east-1b", "us-east-1c"]],
    ["JSON text", { "Fn::ToJsonString": { key: { Ref: "Key" }, none: { Ref: "AWS::NoValue" } } }, '{"key":"1234"}'],
    ["a member called Ref among others, itself", { Ref: "Size", Other: 1 }, { Ref: "Size", Other: 1 }],
  ])("%s", (_, expression, value) => {
    expect(resolve(expression, scope)).toEqual(value);
  });
});

describe("an expression is refused that", () => {
  it.each<[string, Json, string]>([
    ["refers to nothing", { Ref: "Nowhere" }, "there is no parameter or resource Nowhere"],
    ["refers to a resource that a condition leaves out", { Ref: "Absent" }, "Absent is not created, as condition Never is false"],
    ["asks for an attribute not modelled", { "Fn::GetAtt": ["Key", "Colour"] }, "Key (Test::Key) has no attribute Colour; modelled: Arn"],
    ["substitutes nothing", sub("${Nowhere.Arn}"), "there is no parameter or resource Nowhere"],
    ["uses an unknown function", { "Fn::Length": [1] }, "intrinsic function Fn::Length is not modelled"],
    ["has members beside a function", { "Fn::Join": ["", []], Other: 1 }, "Fn::Join stands beside other members: Fn::Join, Other"],
    ["holds a dynamic reference", { a: "x{{resolve:secretsmanager:s}}" }, "dynamic reference {{resolve:secretsmanager:s}} is not modelled"],
    ["selects past the end", { "Fn::Select": [2, ["a"]] }, "Fn::Select asks for element 2 of 1"],
    ["finds nothing in a map", { "Fn::FindInMap": ["Sizes", "huge", "cpu"] }, "mapping Sizes has no huge.cpu"],
    ["imports what nobody exports", { "Fn::ImportValue": "nobody:Vpc" }, "no stack deployed before this one exports nobody:Vpc"],
    ["cuts more blocks than fit", { "Fn::Cidr": ["10.0.0.0/24", 5, 6] }, "Fn::Cidr: 5 blocks of 6 bits do not fit into 10.0.0.0/24"],
    ["joins what is no list", { "Fn::Join": ["", "a"] }, 'Fn::Join takes a list, not "a"'],
    ["names no condition", { "Fn::If": ["Nowhere", 1, 2] }, "there is no condition Nowhere"],
    ["names a condition that names itself", { "Fn::If": ["Circle", 1, 2] }, "conditions refer to each other: Circle → Circle"],
  ])("%s", (_, expression, message) => {
    expect(() => resolve(expression, scope)).toThrow(message);
  });
});

describe("a condition is", () => {
  it.each<[string, Json, boolean]>([
    ["true of equal values", { "Fn::Equals": [{ Ref: "Size" }, "small"] }, true],
    ["true of a number and its text, as CloudFormation knows only strings", { "Fn::Equals": [1, "1"] }, true],
    ["false of different values", { "Fn::Equals": [{ Ref: "Size" }, "big"] }, false],
    ["true if all of And are", { "Fn::And": [{ Condition: "Always" }, { "Fn::Equals": ["a", "a"] }] }, true],
    ["false if one of And is", { "Fn::And": [{ Condition: "Always" }, { Condition: "Never" }] }, false],
    ["true if one of Or is", { "Fn::Or": [{ Condition: "Never" }, { Condition: "Always" }] }, true],
    ["false if none of Or is", { "Fn::Or": [{ Condition: "Never" }, { Condition: "Never" }] }, false],
  ])("%s", (_, expression, value) => {
    expect(resolveCondition(expression, scope)).toBe(value);
  });

  it("refused if it depends on a resource that is not yet there", () => {
    const planned = new StackScope({
      identity: { stackName: "s", stackId: "i", account: "111122223333", region: "us-east-1" },
      template: Template.parse({ Resources: { Key: { Type: "Test::Key" } } }),
      parameters: new Map(),
      resource: () => undefined,
      exported: () => undefined,
    });
    expect(() => resolveCondition({ "Fn::Equals": [{ Ref: "Key" }, "1"] }, planned)).toThrow("the condition depends on Key");
  });
});
