// Resource policies as they come in, by API (JSON text) and by template (an object): parsed once, here, for every service that keeps one.

import { z } from "zod";
import type { PolicyDocument } from "../policy/document.ts";
import { MalformedPolicy } from "../policy/malformed.ts";
import { parsePolicy } from "../policy/parse.ts";

/** A policy that is attached to a resource: every statement names whom it is about. For template properties. */
export const resourcePolicy: z.ZodType<PolicyDocument> = z.unknown().transform((document, context) => {
  try {
    return parsePolicy(document, "resource-policy");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

/** Parses a policy's JSON text; `malformed` makes the service's own error from what is wrong with it. */
export function parseResourcePolicy(text: string, malformed: (why: string) => Error): PolicyDocument {
  try {
    return parsePolicy(text, "resource-policy");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw Object.assign(malformed(error.fault), { cause: error });
  }
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
