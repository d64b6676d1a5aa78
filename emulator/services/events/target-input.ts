// What a target gets of an event: all of it, a part, a fixed text, or a template filled from it.
// Source: "Amazon EventBridge input transformation", EventBridge User Guide. EventBridge does not escape what it fills into a quoted text.

import { AwsError, notImplemented } from "../../aws-error.ts";
import { ownMember } from "../../own-member.ts";
import type { BusEvent } from "./event.ts";
import { type JsonPath, parseJsonPath } from "./json-path.ts";

export interface InputShape {
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?:
    | { readonly InputPathsMap?: Record<string, string> | undefined; readonly InputTemplate?: string | undefined }
    | undefined;
}

export interface InputContext {
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly ingestedAtMs: number;
}

/** JSON text for the target. Throws `INVALID_JSON` where what was filled in makes it none. */
export type TargetInput = (event: BusEvent, context: InputContext) => string;

const placeholder = /<([A-Za-z0-9_.-]+)>/g;
const reserved: readonly string[] = [
  "aws.events.rule-arn",
  "aws.events.rule-name",
  "aws.events.event",
  "aws.events.event.json",
  "aws.events.event.ingestion-time",
];

const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

/** Throws ValidationException, or NotImplemented for a form that is not modelled. @param id - the target's, for messages */
export function parseTargetInput({ Input, InputPath, InputTransformer }: InputShape, id: string): TargetInput {
  const given = [Input, InputPath, InputTransformer].filter((one) => one !== undefined);
  if (given.length > 1) throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  if (Input !== undefined) {
    assertJson(Input, `Invalid Input for target ${id}`);
    return () => Input;
  }
  if (InputTransformer !== undefined) return transformer(InputTransformer, id);
  const part = parseJsonPath(InputPath ?? "$");
  return (event) => JSON.stringify(part(event) ?? null);
}

function transformer({ InputPathsMap = {}, InputTemplate = "" }: NonNullable<InputShape["InputTransformer"]>, id: string): TargetInput {
  const reservedName = Object.keys(InputPathsMap).find((name) => /^aws\./i.test(name));
  if (reservedName !== undefined) throw invalid(`InputPathsMap keys cannot start with "AWS.": ${reservedName} of target ${id}.`);
  const paths = Object.entries(InputPathsMap).map(([name, path]) => [name, parseJsonPath(path)] as const);
  const pieces = piecesOf(InputTemplate, id);
  for (const piece of pieces) {
    if ("name" in piece && !Object.hasOwn(InputPathsMap, piece.name) && !reserved.includes(piece.name)) {
      throw invalid(`InputTemplate for target ${id} contains placeholder ${piece.name}, which InputPathsMap does not define.`);
    }
  }
  return (event, context) => {
    const values = valuesOf(event, { paths, context });
    const filled = pieces.map((piece) => ("text" in piece ? piece.text : fill(ownMember(values, piece.name), piece.isQuoted))).join("");
    try {
      return JSON.stringify(JSON.parse(filled));
    } catch (cause) {
      const message = `The InputTemplate of target ${id} is not JSON once it is filled: ${(cause as Error).message}`;
      throw new AwsError("INVALID_JSON", message, { cause });
    }
  };
}

type Piece = { readonly text: string } | { readonly name: string; readonly isQuoted: boolean };

/** Cuts the template at its placeholders; it must be JSON whatever they are filled with. */
function piecesOf(template: string, id: string): readonly Piece[] {
  if (/^\s*"(?:[^"\\]|\\.)*"\s*\n\s*"/.test(template)) throw notImplemented("An InputTemplate of several lines of text");
  const pieces: Piece[] = [];
  let isQuoted = false;
  let end = 0;
  const text = (until: number): void => {
    const between = template.slice(end, until);
    for (const [quote] of between.matchAll(/\\.|"/gs)) if (quote === '"') isQuoted = !isQuoted;
    pieces.push({ text: between });
  };
  for (const { 0: whole, 1: name = "", index } of template.matchAll(placeholder)) {
    text(index);
    pieces.push({ name, isQuoted });
    end = index + whole.length;
  }
  text(template.length);
  const trial = pieces.map((piece) => ("text" in piece ? piece.text : piece.isQuoted ? "" : "null")).join("");
  assertJson(trial, `Invalid InputTemplate for target ${id}`);
  return pieces;
}

function valuesOf(
  event: BusEvent,
  { paths, context }: { paths: readonly (readonly [string, JsonPath])[]; context: InputContext },
): Readonly<Record<string, unknown>> {
  const { detail: _, ...withoutDetail } = event;
  return {
    ...Object.fromEntries(paths.map(([name, path]) => [name, path(event)])),
    "aws.events.rule-arn": context.ruleArn,
    "aws.events.rule-name": context.ruleName,
    "aws.events.event": withoutDetail,
    "aws.events.event.json": event,
    "aws.events.event.ingestion-time": new Date(context.ingestedAtMs).toISOString(),
  };
}

/** What the event does not have is an empty text. Inside quotes a text stands as it is, and what is no text loses its own quotes. */
function fill(value: unknown = "", isQuoted: boolean): string {
  if (!isQuoted) return JSON.stringify(value);
  return typeof value === "string" ? value : JSON.stringify(value).replaceAll('"', "");
}

function assertJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid(`${what}: ${(cause as Error).message}`), { cause });
  }
}
