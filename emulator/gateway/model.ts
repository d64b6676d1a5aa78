// What a published SDK client package knows about its service's wire format, indexed for a server.

import { NormalizedSchema } from "@smithy/core/schema";
import { queryPairs } from "./wire.ts";

/** The SDK's own runtime schema of a shape. */
export type Shape = NormalizedSchema;

interface HttpBinding {
  readonly method: string;
  /** Template segments: literal text, `{Label}` or `{Label+}`. */
  readonly segments: readonly string[];
  readonly literals: readonly (readonly [string, string])[];
  readonly statusCode: number;
}

export interface OperationModel {
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  /** REST protocols only. */
  readonly http?: HttpBinding;
  /** Members that the input must have. */
  readonly required: readonly string[];
}

export interface ErrorModel {
  readonly name: string;
  readonly shape: Shape;
  /** The code on the wire of the query protocol, where it differs from the shape's name. */
  readonly queryCode?: string;
  readonly statusCode?: number;
}

export interface ServiceModel {
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** By shape name and by query code. */
  readonly errors: ReadonlyMap<string, ErrorModel>;
}

// Tags of the schema tuples that the packages export with a `$` suffix.
const operationTag = 9;
const errorTag = -3;

type SchemaTuple = readonly [tag: number, namespace: string, name: string, traits: unknown, ...rest: unknown[]];

const isSchemaTuple = (value: unknown): value is SchemaTuple => Array.isArray(value) && value.length >= 5 && typeof value[0] === "number";

export function readModel(clientPackage: object): ServiceModel {
  const operations = new Map<string, OperationModel>();
  const errors = new Map<string, ErrorModel>();
  for (const [exportName, value] of Object.entries(clientPackage)) {
    if (!exportName.endsWith("$") || !isSchemaTuple(value)) continue;
    if (value[0] === operationTag) operations.set(value[2], readOperation(value));
    if (value[0] === errorTag) {
      const error = readError(value);
      errors.set(error.name, error);
      if (error.queryCode !== undefined && !errors.has(error.queryCode)) errors.set(error.queryCode, error);
    }
  }
  if (operations.size === 0) throw new Error("the SDK client package exports no operation schemas; pin a version that does");
  return { operations, errors };
}

function readOperation([, , name, traits, inputRef, outputRef]: SchemaTuple): OperationModel {
  const input = shapeOf(inputRef);
  const http = readHttp(traits);
  return { name, input, output: shapeOf(outputRef), required: requiredMembers(input), ...(http && { http }) };
}

/** The members that a structure must have: its schema lists them first, and says how many. */
export function requiredMembers(shape: Shape): readonly string[] {
  const raw: unknown = shape.getSchema();
  const count = Array.isArray(raw) && typeof raw[6] === "number" ? raw[6] : 0;
  return Array.isArray(raw) && Array.isArray(raw[4]) ? (raw[4] as string[]).slice(0, count) : [];
}

function readHttp(traits: unknown): HttpBinding | undefined {
  if (typeof traits !== "object" || traits === null || !("http" in traits) || !Array.isArray(traits.http)) return undefined;
  const [method, uri, statusCode] = traits.http as [string, string, number];
  const [path = "/", query = ""] = uri.split("?");
  return { method, segments: path.split("/").slice(1), literals: queryPairs(query).filter(([name]) => name !== "x-id"), statusCode };
}

function readError(schema: SchemaTuple): ErrorModel {
  const shape = shapeOf(schema);
  const traits = shape.getMergedTraits() as { awsQueryError?: [string, number]; httpError?: number };
  const statusCode = traits.awsQueryError?.[1] ?? traits.httpError;
  return {
    name: schema[2],
    shape,
    ...(traits.awsQueryError && { queryCode: traits.awsQueryError[0] }),
    ...(statusCode !== undefined && { statusCode }),
  };
}

// The packages type their schemas by a package that is no dependency of ours; the tuple form is checked above.
const shapeOf = (reference: unknown): Shape => NormalizedSchema.of(reference as Parameters<typeof NormalizedSchema.of>[0]);

type Members = readonly (readonly [name: string, member: Shape])[];

/** Taken apart once: the SDK makes every member anew whenever it is asked, and every call asks. */
const takenApart = new WeakMap<Shape, Members>();

/** Members of a structure; none for an operation without input or output. */
export function membersOf(shape: Shape): Members {
  const known = takenApart.get(shape);
  if (known !== undefined) return known;
  const members = shape.isStructSchema() ? [...shape.structIterator()] : [];
  takenApart.set(shape, members);
  return members;
}
