// Ways to spoil a good request: in its JSON, in its form, in its bytes, in its path, query and headers.

import fc from "fast-check";
import type { WireRequest } from "../../emulator/gateway/wire.ts";
import { nastyTexts } from "./shape-input.ts";

export type Mutation = (request: WireRequest) => WireRequest;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (request: WireRequest): string => new TextDecoder().decode(request.body);

/** Undefined where the body is not JSON, or no more. */
function jsonOf(request: WireRequest): unknown {
  try {
    return JSON.parse(textOf(request));
  } catch {
    return undefined;
  }
}

const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, "", [], {}, [[]], [null], { "": {} }, "2026-01-01T00:00:00Z"),
  fc.constantFrom(...nastyTexts),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Replaces, adds or drops one member somewhere inside a JSON value. @param at - numbers that choose the way down */
export function withOneChange(value: unknown, at: readonly number[], change: { kind: "replace" | "drop" | "add"; by: unknown }): unknown {
  const [first, ...rest] = at;
  if (typeof value !== "object" || value === null || first === undefined) return change.by;
  const keys = Object.keys(value);
  const key = keys[first % Math.max(keys.length, 1)];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  if (key === undefined || change.kind === "add") return Array.isArray(copy) ? [...copy, change.by] : { ...copy, unexpected: change.by };
  const entries = copy as Record<string, unknown>;
  const child = entries[key];
  if (rest.length > 0 && typeof child === "object" && child !== null) entries[key] = withOneChange(child, rest, change);
  else if (change.kind === "drop") delete entries[key];
  else entries[key] = change.by;
  return copy;
}

export const oneChange = fc.record({
  at: fc.array(fc.nat(200), { minLength: 1, maxLength: 7 }),
  kind: fc.constantFrom("replace" as const, "replace" as const, "drop" as const, "add" as const),
  by: nastyValue,
});

const inJson = oneChange.map(({ at, ...change }): Mutation => {
  return (request) => {
    const value = jsonOf(request);
    return value === undefined ? request : { ...request, body: bytes(JSON.stringify(withOneChange(value, at, change))) };
  };
});

const inForm = fc
  .record({
    at: fc.nat(30),
    name: fc.constantFrom("", ".", ".member.0", ".member.x", ".entry.1", ".1.1.1"),
    value: fc.constantFrom(...nastyTexts),
  })
  .map(({ at, name, value }): Mutation => {
    return (request) => {
      const pairs = textOf(request).split("&");
      if (!request.headers["content-type"]?.includes("form")) return request;
      const chosen = pairs[at % pairs.length] ?? "";
      const changed = `${chosen.split("=")[0]}${name}=${encodeURIComponent(value.toWellFormed())}`;
      return { ...request, body: bytes(pairs.with(at % pairs.length, changed).join("&")) };
    };
  });

const inBytes = fc
  .record({ from: fc.nat(300), length: fc.nat(12), by: fc.uint8Array({ maxLength: 12 }) })
  .map(({ from, length, by }): Mutation => {
    return (request) => {
      const start = from % (request.body.length + 1);
      return { ...request, body: Buffer.concat([request.body.subarray(0, start), by, request.body.subarray(start + length)]) };
    };
  });

const wholeBody = fc
  .oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .constantFrom(
        "[",
        "null",
        "3",
        '"x"',
        "[[[[[[",
        "{".repeat(9000),
        '{"a":'.repeat(5000),
        "<a>".repeat(5000),
        "<a",
        "\ufeff{}",
        "&&==&%",
      )
      .map(bytes),
  )
  .map(
    (body): Mutation =>
      (request) => ({ ...request, body }),
  );

const inPath = fc
  .constantFrom(
    "/",
    "//",
    "/%2e%2e/%2e%2e/",
    "/../..",
    "/%00",
    "/%zz",
    "/a/b/c/d/e/f/g",
    `/${"x".repeat(3000)}`,
    "/?",
    "/2014-11-13",
    "/%f0%9f",
  )
  .chain((path) =>
    fc.boolean().map(
      (whole): Mutation =>
        (request) => ({ ...request, path: whole ? path : `${request.path}${path}` }),
    ),
  );

const inQuery = fc
  .constantFrom(
    "acl",
    "Action=GetUser",
    "x-id=Other",
    "uploads",
    "%zz=1",
    "versionId=null",
    "max-keys=abc",
    "partNumber=-1",
    "a&a&a",
    "list-type=2",
    "X-Amz-Expires=x",
  )
  .map(
    (query): Mutation =>
      (request) => ({ ...request, query: request.query === "" ? query : `${request.query}&${query}` }),
  );

const inHeaders = fc
  .record({
    name: fc.constantFrom(
      "content-type",
      "x-amz-target",
      "range",
      "if-match",
      "if-modified-since",
      "content-md5",
      "x-amz-copy-source",
      "x-amz-tagging",
      "x-amz-meta-x",
      "x-amz-acl",
      "x-amz-server-side-encryption",
      "x-amz-checksum-crc32",
      "x-amzn-query-mode",
      "content-encoding",
    ),
    value: fc.constantFrom(
      "",
      "x",
      "true",
      "bytes=5-1",
      "bytes=-0",
      "a=1&a=2",
      "aws:kms",
      "/none/none",
      "%zz",
      "x".repeat(4000),
      "AWSSTS.GetUser",
      "__proto__",
    ),
  })
  .map(
    ({ name, value }): Mutation =>
      (request) => ({ ...request, headers: { ...request.headers, [name]: value } }),
  );

const otherMethod = fc.constantFrom("GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS").map(
  (method): Mutation =>
    (request) => ({ ...request, method }),
);

const one = fc.oneof(
  { weight: 8, arbitrary: inJson },
  { weight: 5, arbitrary: inForm },
  { weight: 2, arbitrary: inBytes },
  { weight: 1, arbitrary: wholeBody },
  { weight: 1, arbitrary: inPath },
  { weight: 1, arbitrary: inQuery },
  { weight: 2, arbitrary: inHeaders },
  { weight: 1, arbitrary: otherMethod },
);

/** None half of the time, so that the good request itself is tried, or a few after each other. */
export const mutations: fc.Arbitrary<Mutation> = fc.oneof(fc.constant([]), fc.array(one, { minLength: 1, maxLength: 3 })).map(
  (list): Mutation =>
    (request) =>
      list.reduce((changed, mutate) => mutate(changed), request),
);
