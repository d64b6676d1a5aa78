// Faults of a definition, in the words and codes that Step Functions answers creation and validation with.

import { AwsError } from "../aws-error.ts";

export interface Diagnostic {
  readonly severity: "ERROR" | "WARNING";
  readonly code:
    | "INVALID_JSON_DESCRIPTION"
    | "SCHEMA_VALIDATION_FAILED"
    | "INVALID_JSONATA_EXPRESSION"
    | "UNSUPPORTED_JSONATA_EXPRESSION"
    | "MISSING_TRANSITION_TARGET"
    | "MISSING_END_STATE"
    | "DUPLICATE_STATE_NAME";
  readonly message: string;
  /** JSON pointer into the definition. */
  readonly location: string;
}

/** The answer to CreateStateMachine and UpdateStateMachine. */
export const invalidDefinition = (diagnostics: readonly Diagnostic[]): AwsError =>
  new AwsError(
    "InvalidDefinition",
    `Invalid State Machine Definition: '${diagnostics.map(({ code, message, location }) => `${code}: ${message} at ${location}`).join(", ")}'`,
  );
