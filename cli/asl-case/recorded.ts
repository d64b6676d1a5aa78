// A recorded execution of AWS Step Functions, as a line of a case file holds it.

import type { Json } from "../../core/canonical-json.ts";

export type JsonObject = { readonly [member: string]: Json };

export interface MockedLambda {
  readonly kind: "echo" | "return" | "raise";
  readonly arn: string;
  readonly value?: Json;
  readonly error?: string;
  readonly cause?: string;
}

export interface MockedActivity {
  readonly kind: "return" | "raise" | "silent" | "missing";
  readonly value?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly takesTask?: boolean;
}

export interface Expectation {
  readonly status: string;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: Json;
  readonly causeIsJson?: boolean;
  readonly events?: readonly string[];
  readonly eventOrder?: "exact" | "concurrent" | "normalised";
  readonly history?: readonly JsonObject[];
}

export interface RecordedCase {
  readonly id: string;
  readonly definition: JsonObject;
  readonly input: Json;
  readonly expect: Expectation;
  readonly lambdas: Readonly<Record<string, MockedLambda>>;
  readonly activities: Readonly<Record<string, MockedActivity>>;
  /** Texts that stand for whatever comes there. */
  readonly wildcards: readonly string[];
  readonly masksDates: boolean;
  readonly masksTimestamps: boolean;
}

const fixedPlaceholders: Readonly<Record<string, string>> = { "<partition>": "aws", "<region>": "us-east-1" };

/** Puts fixed values for the placeholders that the run itself needs, expands abbreviated texts, and makes the definition JSONata. */
export function parseCase(line: string): RecordedCase {
  const raw = JSON.parse(line) as JsonObject;
  const placeholders = ((raw["placeholders"] ?? []) as string[]).filter((text) => text.startsWith("<"));
  const runs = JSON.stringify([raw["definition"], raw["input"], raw["lambdas"] ?? {}, raw["activities"] ?? {}]);
  const fixed = placeholders.filter((text) => runs.includes(text) && !text.startsWith("<uuid:"));
  let text = line;
  for (const placeholder of fixed)
    text = text.replaceAll(placeholder, fixedPlaceholders[placeholder] ?? placeholder.replaceAll(/[^\w-]/g, ""));
  for (const activity of Object.keys((raw["activities"] ?? {}) as object)) {
    if (!activity.startsWith("arn:")) text = text.replaceAll(activity, `arn:aws:states:us-east-1:111111111111:activity:${activity}`);
  }
  const whole = expanded(JSON.parse(text) as Json) as JsonObject;
  return {
    id: raw["id"] as string,
    definition: { ...(withoutJsonPath(whole["definition"] ?? null) as JsonObject), QueryLanguage: "JSONata" },
    input: whole["input"] ?? null,
    expect: whole["expect"] as unknown as Expectation,
    lambdas: (whole["lambdas"] ?? {}) as unknown as RecordedCase["lambdas"],
    activities: (whole["activities"] ?? {}) as unknown as RecordedCase["activities"],
    wildcards: placeholders.filter((placeholder) => !fixed.includes(placeholder)),
    masksDates: placeholdersInclude(raw, "date"),
    masksTimestamps: placeholdersInclude(raw, "timestamp"),
  };
}

const placeholdersInclude = (raw: JsonObject, mask: string): boolean => ((raw["placeholders"] ?? []) as string[]).includes(mask);

/** `{"$repeat": "a", "$times": n}` stands for a long text. */
function expanded(value: Json): Json {
  if (Array.isArray(value)) return value.map(expanded);
  if (typeof value !== "object" || value === null) return value;
  const { $repeat: text, $times: times } = value as JsonObject;
  if (typeof text === "string" && typeof times === "number") return text.repeat(times);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expanded(member)]));
}

function withoutJsonPath(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutJsonPath);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => name !== "QueryLanguage" || member !== "JSONPath");
  return Object.fromEntries(members.map(([name, member]) => [name, withoutJsonPath(member)]));
}
