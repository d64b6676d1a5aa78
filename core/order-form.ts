// The order's form, checked wherever an order comes in from outside: a payload of the workflow, or a container's environment.

import * as z from "zod/mini";
import { KeyturnError } from "./errors.ts";
import type { Order, OrderSubject } from "./order.ts";
import { isRunId } from "./run-id.ts";

const text = z.string().check(z.minLength(1));
const wholeSeconds = z.int().check(z.minimum(0));

const subjectMembers = {
  run: z.string().check(z.refine(isRunId, "is no run id")),
  job: text,
  admin: text,
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  command: z.array(z.string()),
  jobDefinition: text,
};

const Subject = z.strictObject(subjectMembers);

const WholeOrder = z.strictObject({
  ...subjectMembers,
  reason: z.optional(z.string()),
  jobRole: text,
  jobQueue: text,
  timeoutSeconds: wholeSeconds,
  attempts: z.int().check(z.minimum(1)),
  queueSeconds: wholeSeconds,
  credentialSeconds: wholeSeconds,
  credentialsWouldEndAt: z.iso.datetime(),
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/, "is no SHA-256 in hex")),
});

/** Parses an order; throws `OrderMismatch` naming every member that is wrong. Form only: `assertOrderIntact` checks the digest. */
export const parseOrder = (value: unknown): Order => parse<Order>(WholeOrder, value);

/** Parses an order's subject; throws `OrderMismatch`. */
export const parseOrderSubject = (value: unknown): OrderSubject => parse<OrderSubject>(Subject, value);

function parse<Output>(schema: z.ZodMiniType<unknown>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  // The schemas above spell the interfaces of order.ts; exactOptionalPropertyTypes and readonly keep the compiler from seeing it.
  if (parsed.success) return parsed.data as Output;
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "the order"}${issue.code === "unrecognized_keys" ? ` has unknown ${issue.keys.join(", ")}` : ""}`,
  );
  throw new KeyturnError("OrderMismatch", `Not an order that AdmitRun wrote: look at ${faults.join("; ")}. Start a new run.`, {
    facts: { faults },
  });
}
