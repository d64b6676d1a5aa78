// What fuzzing has found: each request once brought the emulator down to an internal error, and has a clear answer since.

import { SFNClient, ValidateStateMachineDefinitionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WireRequest } from "../../emulator/gateway/wire.ts";
import { readAnswer } from "./clear-answer.ts";
import { type FurnishedAccount, startFurnishedAccount } from "./furnished-account.ts";
import { signed } from "./wire-requests.ts";

let account: FurnishedAccount;
beforeAll(async () => {
  account = await startFurnishedAccount();
});
afterAll(() => account?.emulator.stop());

interface Found {
  readonly service: string;
  readonly target?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function answerTo({ service: name, target, method = "POST", path = "/", query = "", headers = {}, body = "" }: Found) {
  const { gateway, administrator, clock } = account.emulator;
  const service = gateway.services.find(({ signingName }) => signingName === name);
  if (service === undefined) throw new Error(`there is no service ${name}`);
  const request: WireRequest = {
    method,
    path,
    query,
    headers: { ...headers, ...(target !== undefined && { "x-amz-target": target, "content-type": "application/x-amz-json-1.1" }) },
    body: new TextEncoder().encode(body),
  };
  return readAnswer(
    await gateway.handle(await signed(request, { service, credentials: administrator, nowMs: clock.now() }), { sourceIp: "127.0.0.1" }),
  );
}

const missing = (...paths: readonly string[]) =>
  `${paths.length} validation error${paths.length === 1 ? "" : "s"} detected: ${paths
    .map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`)
    .join("; ")}`;

it.each<readonly [string, Found, { code: string; message: string }]>([
  [
    "a body that is null",
    { service: "states", target: "AWSStepFunctions.DescribeExecution", body: "null" },
    { code: "SerializationException", message: "the body is null." },
  ],
  [
    "null in a list",
    { service: "secretsmanager", target: "secretsmanager.ListSecrets", body: '{"Filters": [null]}' },
    { code: "SerializationException", message: "Filters is null." },
  ],
  [
    "null in a list of a REST body",
    { service: "batch", path: "/v1/describejobs", headers: { "content-type": "application/json" }, body: '{"jobs": [null]}' },
    { code: "SerializationException", message: "jobs is null." },
  ],
  [
    "a member missing deep inside",
    { service: "kms", target: "TrentService.TagResource", body: '{"KeyId": "k", "Tags": [{}]}' },
    { code: "ValidationException", message: missing("tags.1.member.tagKey", "tags.1.member.tagValue") },
  ],
  [
    "an attribute called like what every object has",
    {
      service: "dynamodb",
      target: "DynamoDB_20120810.Query",
      body: '{"TableName": "a-table", "KeyConditionExpression": "hasOwnProperty = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}',
    },
    { code: "ValidationException", message: "Query condition missed key schema element: k" },
  ],
  [
    "a map with a key that is no key",
    { service: "dynamodb", target: "DynamoDB_20120810.BatchWriteItem", body: '{"RequestItems": {"__proto__": [{}]}}' },
    {
      code: "NotImplemented",
      message: "The key __proto__ in RequestItems is not modelled by this emulator (docs/emulator.md lists what is).",
    },
  ],
  [
    "a query member that is no number",
    { service: "s3", method: "GET", path: "/a-bucket", query: "list-type=2&max-keys=abc" },
    { code: "InvalidArgument", message: "MaxKeys is not of the form that this operation takes." },
  ],
  [
    "a header that is no date",
    { service: "s3", method: "GET", path: "/a-bucket/an-object", headers: { "if-modified-since": "__proto__" } },
    { code: "InvalidArgument", message: "IfModifiedSince is not of the form that this operation takes." },
  ],
])("refuses %s", async (_what, found, refusal) => {
  expect(await answerTo(found)).toMatchObject(refusal);
});

it("refuses a signature over a header called like what every object has", async () => {
  const { gateway, administrator, clock } = account.emulator;
  const date = new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${administrator.accessKeyId}/${date.slice(0, 8)}/us-east-1/kms/aws4_request, ` +
    `SignedHeaders=constructor;host;toString;x-amz-date, Signature=${"0".repeat(64)}`;
  const request = {
    method: "POST",
    path: "/",
    query: "",
    headers: { host: "127.0.0.1", "x-amz-date": date, authorization },
    body: new Uint8Array(),
  };
  const response = await gateway.handle(request, { sourceIp: "127.0.0.1" });
  expect(readAnswer(response)).toMatchObject({ statusCode: 400, code: "InvalidSignatureException" });
});

it("diagnoses a state whose type is called like what every object has", async () => {
  const definition = '{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "hasOwnProperty", "End": true}}}';
  const sfn = new SFNClient(account.emulator.gateway.clientOptions(account.emulator.administrator));
  const { result, diagnostics = [] } = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition }));
  expect([result, diagnostics.map(({ message }) => message)]).toEqual(["FAIL", ["Value is not valid: hasOwnProperty"]]);
});
