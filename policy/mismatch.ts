// Says in words why a statement does not apply to a request.

import type { OneOrMany, Statement } from "./document.ts";
import type { Asked, Mismatch } from "./statement.ts";

const listed = (value: OneOrMany<string> | undefined): string => (Array.isArray(value) ? value.join(", ") : String(value));

const principals = (value: Statement["Principal"]): string =>
  value === undefined || value === "*"
    ? "*"
    : Object.entries(value)
        .map(([kind, values]) => `${kind} ${listed(values)}`)
        .join("; ");

/** One clause, without a full stop: `Action s3:Get* does not cover kms:Decrypt`. */
export const describeMismatch = (mismatch: Mismatch, statement: Statement, asked: Asked): string => {
  switch (mismatch) {
    case "Action":
      return `Action ${listed(statement.Action)} does not cover ${asked.action}`;
    case "NotAction":
      return `NotAction ${listed(statement.NotAction)} excludes ${asked.action}`;
    case "Resource":
      return `Resource ${listed(statement.Resource)} does not cover ${asked.resource}`;
    case "NotResource":
      return `NotResource ${listed(statement.NotResource)} excludes ${asked.resource}, or has a variable without a value`;
    case "Principal":
      return `Principal ${principals(statement.Principal)} does not mean ${asked.caller.arn}`;
    case "NotPrincipal":
      return `NotPrincipal ${principals(statement.NotPrincipal)} spares ${asked.caller.arn}`;
    default: {
      const requested = asked.context.values(mismatch.key.toLowerCase());
      const found = requested === undefined ? "the request has no such key" : `the request has ${requested.join(", ")}`;
      return `Condition ${mismatch.operator} ${mismatch.key} ${mismatch.values.join(", ")} does not hold: ${found}`;
    }
  }
};
