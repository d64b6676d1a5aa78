import { describe, expect, it } from "vitest";
import { KeyturnError } from "../../core/errors.ts";
import { decodeCredentials, encodeCredentials } from "../../core/short-lived-credentials.ts";

const credentials = {
  accessKeyId: "ASIAEXAMPLE",
  secretAccessKey: "not a real one",
  sessionToken: "token",
  expiration: "2026-11-21T08:00:00.000Z",
};

describe("short-lived credentials", () => {
  it("come out as they went in, with the time of the code where there is one", () => {
    const withMfa = { ...credentials, mfaAt: "2026-11-21T07:45:00.000Z" };
    expect(decodeCredentials(encodeCredentials(credentials), "r")).toEqual(credentials);
    expect(decodeCredentials(encodeCredentials(withMfa), "r")).toEqual(withMfa);
  });

  it.each([
    ["no JSON", "secret text"],
    ["a list", "[]"],
    ["a missing member", JSON.stringify({ ...credentials, sessionToken: undefined })],
    ["an empty member", JSON.stringify({ ...credentials, secretAccessKey: "" })],
    ["an expiration that is no time", JSON.stringify({ ...credentials, expiration: "soon" })],
  ])("are not read from %s, and the refusal keeps no trace of the text", (_what, text) => {
    let thrown: unknown;
    try {
      decodeCredentials(Buffer.from(text), "weekly-1");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(
      new KeyturnError("EnvelopeUnopenable", "Run weekly-1: the envelope opened, but holds no credentials. Start a new run."),
    );
    expect((thrown as Error).cause).toBeUndefined();
  });
});
