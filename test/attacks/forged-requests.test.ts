// Requests that nobody signed, or not so, not then, not this, not here: on the deployed account each family of services answers with AWS's own code.

import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { jobBucketName } from "../../core/naming.ts";
import type { WireRequest } from "../../emulator/gateway/wire.ts";
import type { Credentials, Service } from "../../emulator/service.ts";
import { startEmulator } from "../../emulator/start.ts";
import { readAnswer } from "../fuzz/clear-answer.ts";
import { catcherFor, signed } from "../fuzz/wire-requests.ts";
import { type Deployed, startAttackedAccount } from "./attacked-account.ts";
import { given } from "./specimens.ts";

let at: Deployed;
let foreign: Credentials;
let session: Credentials;

beforeAll(async () => {
  at = await startAttackedAccount();
  const other = await startEmulator({ account: "999988887777", region: "us-east-1" });
  foreign = other.administrator;
  await other.stop();
  const { Credentials: issued } = await signedIn(STSClient, at.people.operator, at).send(
    new GetSessionTokenCommand({ DurationSeconds: 900 }),
  );
  session = {
    accessKeyId: given(issued?.AccessKeyId),
    secretAccessKey: given(issued?.SecretAccessKey),
    sessionToken: given(issued?.SessionToken),
  };
});
afterAll(() => at?.emulator.stop());

/** One operation of each family, as an operator would send it (S3 as whoever, for a refusal of permission is not what is asked about). */
const families = {
  query: ["sts", "GetCallerIdentity", () => ({})],
  json: [
    "states",
    "StartExecution",
    () => ({ stateMachineArn: at.stateMachineArn, name: "forged", input: '{"job": "credential-report", "admin": "alice"}' }),
  ],
  "REST-JSON": ["batch", "DescribeJobs", () => ({ jobs: ["none"] })],
  S3: ["s3", "PutObject", () => ({ Bucket: jobBucketName("announce", at), Key: "k", Body: "body" })],
} as const;
type Family = keyof typeof families;

async function good(family: Family, credentials: Credentials = at.people.operator): Promise<WireRequest> {
  const [name, operation, input] = families[family];
  const service: Service = given(at.emulator.gateway.services.find(({ signingName }) => signingName === name));
  const caught = await catcherFor(await service.model(), operation, credentials)(input());
  return signed(given(caught), { service, credentials, nowMs: at.emulator.clock.now() });
}

const send = async (request: WireRequest) => readAnswer(await at.emulator.gateway.handle(request, { sourceIp: "127.0.0.1" }));

async function runs(): Promise<readonly (string | undefined)[]> {
  const sfn = signedIn(SFNClient, at.people.operator, at);
  const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: at.stateMachineArn }));
  return executions.map(({ name }) => name);
}

const changed = (request: WireRequest, headers: Readonly<Record<string, string | undefined>>): WireRequest => ({
  ...request,
  headers: Object.fromEntries(
    Object.entries({ ...request.headers, ...headers }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
});
const otherBody = (request: WireRequest): WireRequest => ({ ...request, body: new TextEncoder().encode(`${Buffer.from(request.body)} `) });

type Forgery = (family: Family) => Promise<WireRequest>;
type Codes = Readonly<Record<Family, string>>;

const mismatch: Codes = {
  query: "SignatureDoesNotMatch",
  json: "InvalidSignatureException",
  "REST-JSON": "InvalidSignatureException",
  S3: "SignatureDoesNotMatch",
};
const unknownKey: Codes = {
  query: "InvalidClientTokenId",
  json: "UnrecognizedClientException",
  "REST-JSON": "UnrecognizedClientException",
  S3: "InvalidAccessKeyId",
};

const forgeries: readonly (readonly [what: string, forge: Forgery, codes: Codes])[] = [
  [
    "that is not signed",
    async (family) => changed(await good(family), { authorization: undefined }),
    {
      query: "MissingAuthenticationToken",
      json: "MissingAuthenticationTokenException",
      "REST-JSON": "MissingAuthenticationTokenException",
      S3: "AccessDenied",
    },
  ],
  ["signed with a wrong secret", (family) => good(family, { ...at.people.operator, secretAccessKey: "wrong" }), mismatch],
  ["signed with a key of another account", (family) => good(family, foreign), unknownKey],
  [
    "of a session, without its token",
    async (family) => changed(await good(family, session), { "x-amz-security-token": undefined }),
    unknownKey,
  ],
  [
    "of a session, with the token of none",
    async (family) => changed(await good(family, session), { "x-amz-security-token": `${session.sessionToken}x` }),
    unknownKey,
  ],
  ["replayed with another body", async (family) => otherBody(await good(family)), { ...mismatch, S3: "XAmzContentSHA256Mismatch" }],
  [
    "replayed with another body and the hash of it",
    async (family) => {
      const request = otherBody(await good(family));
      const hash = Buffer.from(await crypto.subtle.digest("SHA-256", Uint8Array.from(request.body))).toString("hex");
      return changed(request, { "x-amz-content-sha256": hash });
    },
    mismatch,
  ],
  ["whose path was changed", async (family) => ({ ...(await good(family)), path: "/other/path" }), mismatch],
  ["whose query was changed", async (family) => ({ ...(await good(family)), query: "x=1" }), mismatch],
  ["whose date was changed", async (family) => changed(await good(family), { "x-amz-date": nowStamp(1000) }), mismatch],
  ["with a header added that must be signed", async (family) => changed(await good(family), { "x-amz-more": "1" }), mismatch],
  [
    "with half a signature",
    async (family) => changed(await good(family), { authorization: (await good(family)).headers["authorization"]?.slice(0, -8) }),
    {
      query: "IncompleteSignature",
      json: "IncompleteSignatureException",
      "REST-JSON": "IncompleteSignatureException",
      S3: "AuthorizationHeaderMalformed",
    },
  ],
];

const nowStamp = (laterMs: number): string => new Date(at.emulator.clock.now() + laterMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");

describe.each(Object.keys(families) as Family[])("a request of the %s family", (family) => {
  it.each(forgeries)("%s is refused", async (_what, forge, codes) => {
    const { statusCode, code } = await send(await forge(family));
    expect([code, statusCode >= 400 && statusCode < 500]).toEqual([codes[family], true]);
  });
});

describe("a request that was overheard", () => {
  it("can be sent again as it is for 15 minutes, which starts nothing twice", async () => {
    // None of the forgeries has started anything.
    expect(await runs()).toEqual([]);
    const request = await good("json");
    expect((await send(request)).statusCode).toBe(200);
    expect((await send(request)).statusCode).toBe(200);
    expect(await runs()).toEqual(["forged"]);
  });

  it("and the session that signed it are worth nothing 15 minutes later", async () => {
    const overheard = await Promise.all((Object.keys(families) as Family[]).map(async (family) => [family, await good(family)] as const));
    await at.emulator.clock.advance(15 * 60_000 + 2000);
    const late = await Promise.all(overheard.map(async ([family, request]) => [family, (await send(request)).code] as const));
    expect(Object.fromEntries(late)).toEqual({
      query: "SignatureDoesNotMatch",
      json: "InvalidSignatureException",
      "REST-JSON": "InvalidSignatureException",
      S3: "RequestTimeTooSkewed",
    });
    const messages = await Promise.all(overheard.map(async ([, request]) => (await send(request)).message));
    expect(messages.filter((message) => /^Signature expired: \d{8}T\d{6}Z is now earlier than/.test(message ?? ""))).toHaveLength(3);
    const expired = await Promise.all(
      (Object.keys(families) as Family[]).map(async (family) => [family, (await send(await good(family, session))).code] as const),
    );
    expect(Object.fromEntries(expired)).toEqual({
      query: "ExpiredToken",
      json: "ExpiredTokenException",
      "REST-JSON": "ExpiredTokenException",
      S3: "ExpiredToken",
    });
  });
});
