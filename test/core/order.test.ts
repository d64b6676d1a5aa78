import { describe, expect, it } from "vitest";
import { assertOrderIntact, credentialSecondsFor, type Order, type OrderSubject, orderDigest } from "../../core/order.ts";
import { parseOrder, parseOrderSubject } from "../../core/order-form.ts";

const subject: OrderSubject = {
  run: "weekly-2026-11-21",
  job: "credential-report",
  admin: "alice",
  parameters: { strict: true, maxKeyAgeDays: 90, note: "Zürich" },
  command: ["--max-key-age-days=90", "--path-prefix=/"],
  jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-credential-report:7",
};

// sha256sum over the canonical JSON written out by hand.
const digest = "1fda7b8f2b8d6027b4a4c286c7de807feded5f391b08bffc78c5a70a904db708";

const order: Order = {
  ...subject,
  reason: "weekly",
  jobRole: "arn:aws:iam::111122223333:role/BatchRoleCredentialReport",
  jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/keyturn",
  timeoutSeconds: 1800,
  attempts: 2,
  queueSeconds: 900,
  credentialSeconds: 4860,
  credentialsWouldEndAt: "2026-11-21T08:21:00.000Z",
  digest,
};

describe("the order digest", () => {
  it("is the SHA-256 of the subject's canonical JSON", () => {
    expect(orderDigest(subject)).toBe(digest);
  });

  it("does not depend on the order of members nor on what is not part of the subject", () => {
    const spelledOtherwise: Order = { ...order, parameters: { note: "Zürich", strict: true, maxKeyAgeDays: 90 }, jobRole: "another" };
    expect(orderDigest(spelledOtherwise)).toBe(digest);
  });

  it.each<[string, Partial<OrderSubject>]>([
    ["run", { run: "weekly-2026-11-22" }],
    ["job", { job: "credential-reports" }],
    ["admin", { admin: "bob" }],
    ["a parameter's value", { parameters: { ...subject.parameters, maxKeyAgeDays: 91 } }],
    ["a parameter's type", { parameters: { ...subject.parameters, maxKeyAgeDays: "90" } }],
    ["one more parameter", { parameters: { ...subject.parameters, more: 1 } }],
    ["one argument", { command: ["--max-key-age-days=91", "--path-prefix=/"] }],
    ["where one argument ends", { command: ["--max-key-age-days=90 --path-prefix=/"] }],
    ["the revision", { jobDefinition: subject.jobDefinition.replace(":7", ":8") }],
  ])("changes with %s", (_what, change) => {
    expect(orderDigest({ ...subject, ...change })).not.toBe(digest);
  });

  it("lets an intact order pass, and refuses a changed one by name", () => {
    expect(() => assertOrderIntact(order)).not.toThrow();
    const changed = { ...order, command: ["--drop-everything"] };
    expect(() => assertOrderIntact(changed)).toThrow(
      expect.objectContaining({ name: "OrderMismatch", message: expect.stringContaining("Run weekly-2026-11-21: the order was changed") }),
    );
  });
});

describe("the order's form", () => {
  it("takes an order and an order without a reason", () => {
    const { reason: _reason, ...withoutReason } = order;
    expect(parseOrder(JSON.parse(JSON.stringify(order)))).toEqual(order);
    expect(parseOrder(withoutReason)).toEqual(withoutReason);
    expect(parseOrderSubject(subject)).toEqual(subject);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "the order"],
    ["text", "order", "the order"],
    ["a missing member", { ...order, jobQueue: undefined }, "jobQueue"],
    ["an unknown member", { ...order, extra: 1 }, "the order has unknown extra"],
    ["a run id with a slash", { ...order, run: "a/b" }, "run"],
    ["a digest in capitals", { ...order, digest: digest.toUpperCase() }, "digest"],
    ["a command of numbers", { ...order, command: [1] }, "command.0"],
    ["nested parameters", { ...order, parameters: { a: { b: 1 } } }, "parameters.a"],
    ["no attempts", { ...order, attempts: 0 }, "attempts"],
  ])("refuses %s and says where", (_what, value, where) => {
    expect(() => parseOrder(value)).toThrow(
      expect.objectContaining({ name: "OrderMismatch", message: `Not an order that AdmitRun wrote: look at ${where}. Start a new run.` }),
    );
  });
});

describe("how long credentials live", () => {
  it.each([
    // queue, attempts, timeout, seconds
    [900, 2, 1800, 4860],
    [0, 1, 60, 900],
    [3600, 1, 3600, 7440],
    [300, 1, 42_660, 43_200],
  ])("queue %i s, %i attempts of %i s: %i s", (queueSeconds, attempts, timeoutSeconds, seconds) => {
    expect(credentialSecondsFor({ queueSeconds, attempts, timeoutSeconds })).toBe(seconds);
  });

  it("refuses what AssumeRole's longest session would not cover", () => {
    expect(() => credentialSecondsFor({ queueSeconds: 301, attempts: 1, timeoutSeconds: 42_660 })).toThrow(
      "credentials would have to live 43201 s, but AWS gives at most 43200 s",
    );
  });
});
