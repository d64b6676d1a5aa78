// Resource policies as they come in, by API (JSON text) and by template (an object): parsed once, here, for every service that keeps one.

import { z } from "zod";
import type { PolicyDocument } from "../policy/document.ts";

const oneOrMany = <T extends z.ZodType>(of: T) => z.union([of, z.array(of)]);

const principal = z.union([z.literal("*"), z.record(z.string(), oneOrMany(z.string()))]);

const statement = z
  .strictObject({
    Sid: z.string().exactOptional(),
    Effect: z.enum(["Allow", "Deny"]),
    Principal: principal.exactOptional(),
    NotPrincipal: principal.exactOptional(),
    Action: oneOrMany(z.string()).exactOptional(),
    NotAction: oneOrMany(z.string()).exactOptional(),
    Resource: oneOrMany(z.string()).exactOptional(),
    NotResource: oneOrMany(z.string()).exactOptional(),
    Condition: z.record(z.string(), z.record(z.string(), oneOrMany(z.union([z.string(), z.number(), z.boolean()])))).exactOptional(),
  })
  .refine(
    (of) => (of.Principal === undefined) !== (of.NotPrincipal === undefined),
    "a resource policy's statement has one of Principal and NotPrincipal",
  )
  .refine((of) => (of.Action === undefined) !== (of.NotAction === undefined), "a statement has one of Action and NotAction");

/** A policy that is attached to a resource: every statement names whom it is about. */
export const resourcePolicy: z.ZodType<PolicyDocument> = z.strictObject({
  Version: z.enum(["2012-10-17", "2008-10-17"]).exactOptional(),
  Id: z.string().exactOptional(),
  Statement: oneOrMany(statement),
});

/** Parses a policy's JSON text; `malformed` makes the service's own error from what is wrong with it. */
export function parseResourcePolicy(text: string, malformed: (why: string) => Error): PolicyDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("the text is not JSON");
  }
  const parsed = resourcePolicy.safeParse(document);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Condition keys whose presence keeps a statement for everybody from being public (AWS: "The meaning of public"). */
const narrowingKeys: readonly string[] = [
  "aws:sourceip",
  "aws:sourcearn",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:sourceowner",
  "aws:sourceaccount",
  "aws:userid",
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:principalorgpaths",
];

/** Whether the policy lets anybody at all in: a statement that allows `*` under no condition on who or where the caller is. */
export function isPublicPolicy({ Statement }: PolicyDocument): boolean {
  return [Statement].flat().some(({ Effect, Principal, NotPrincipal, Condition }) => {
    if (Effect === "Deny") return false;
    const everybody =
      NotPrincipal !== undefined || Principal === "*" || (Principal !== undefined && [Principal["AWS"]].flat().includes("*"));
    const narrowed = Object.entries(Condition ?? {}).some(
      ([operator, keys]) => !operator.includes("Not") && Object.keys(keys).some((key) => narrowingKeys.includes(key.toLowerCase())),
    );
    return everybody && !narrowed;
  });
}
