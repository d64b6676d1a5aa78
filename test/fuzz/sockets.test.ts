// Whatever comes in over the wire, the listener answers or hangs up, and answers the next good request as if nothing had been.

import { connect } from "node:net";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inTime } from "./clear-answer.ts";
import { type FurnishedAccount, startFurnishedAccount } from "./furnished-account.ts";
import { fuzzBudget } from "./fuzz-budget.ts";

let account: FurnishedAccount;
beforeAll(async () => {
  account = await startFurnishedAccount();
});
afterAll(() => account?.emulator.stop());

/** Sends the bytes, says that no more will come, and gives what came back until the other side hung up. */
function exchange(bytes: Uint8Array): Promise<string> {
  const { port } = new URL(account.emulator.endpoint);
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect(Number(port), "127.0.0.1", () => socket.end(bytes));
    const done = (): void => resolve(Buffer.concat(received).toString("latin1"));
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("error", done);
    socket.on("close", done);
  });
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const line = fc.constantFrom(
  "POST / HTTP/1.1",
  "GET /%zz?%zz HTTP/1.1",
  "GET /bucket/../.. HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "CONNECT a:1 HTTP/1.1",
  "PATCH /2015-03-31/functions/x/invocations HTTP/1.0",
  "GET / HTTP/9.9",
  "",
);
const header = fc.oneof(
  fc.constantFrom(
    "host: x",
    "host: 127.0.0.1",
    "content-length: 5",
    "content-length: -1",
    "transfer-encoding: chunked",
    "expect: 100-continue",
    "upgrade: websocket",
    "connection: upgrade",
    "x-amz-target: TrentService.ListKeys",
    "content-type: application/x-amz-json-1.1",
    "content-type: application/x-www-form-urlencoded; charset=utf-8",
    "x-amz-date: 20260301T090000Z",
    `authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260301/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    "authorization: AWS4-HMAC-SHA256 Credential=////, SignedHeaders=, Signature=",
    "authorization: Bearer x",
    `x-long: ${"x".repeat(20_000)}`,
  ),
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
);
const request = fc
  .tuple(line, fc.array(header, { maxLength: 6 }), fc.uint8Array({ maxLength: 100 }))
  .map(([first, headers, body]) => Buffer.concat([bytes(`${[first, ...headers].join("\r\n")}\r\n\r\n`), body]));
const anything = fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }) }, { weight: 4, arbitrary: request });

const budget = fuzzBudget("sockets", 300);

it(
  "answers any bytes with a refusal or by hanging up, and then goes on",
  async () => {
    const complaints = vi.spyOn(console, "error");
    await fc.assert(
      fc.asyncProperty(anything, async (sent) => {
        const received = await inTime(exchange(sent), 5000);
        expect(received, "no answer and still connected").not.toBe("late");
        expect(received).not.toMatch(/^HTTP\/1\.1 (?!501)5\d\d|InternalFailure/);
      }),
      budget.parameters,
    );
    expect(complaints.mock.calls, "what the emulator says of itself").toEqual([]);
    complaints.mockRestore();
    const { gateway, administrator } = account.emulator;
    const sts = new STSClient(gateway.clientOptions(administrator));
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe("111122223333");
  },
  budget.timeoutMs,
);
