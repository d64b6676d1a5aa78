// Inputs are of the types that the SDK's schema says before any service sees them: services trust them as parsed.

import { AwsError } from "../aws-error.ts";
import { membersOf, type OperationModel, type Shape } from "./model.ts";

/** Throws `SerializationException` where JSON holds another type than the shape has there. Absent members and null pass. */
export function checkJson(shape: Shape, value: unknown, path = "the body"): void {
  if (value === undefined || value === null || shape.isDocumentSchema()) return;
  const fits = (holds: boolean, expected: string): void => {
    if (!holds) throw new AwsError("SerializationException", `${path} is not ${expected}.`);
  };
  if (shape.isStructSchema()) {
    fits(isObject(value), "an object");
    for (const [name, member] of membersOf(shape)) checkJson(member, (value as Record<string, unknown>)[jsonName(member, name)], name);
  } else if (shape.isMapSchema()) {
    fits(isObject(value), "an object");
    for (const [key, item] of Object.entries(value)) checkJson(shape.getValueSchema(), item, `${path}.${key}`);
  } else if (shape.isListSchema()) {
    fits(Array.isArray(value), "a list");
    for (const item of value as readonly unknown[]) checkJson(shape.getValueSchema(), item, path);
  } else if (shape.isStringSchema() || shape.isBlobSchema()) fits(typeof value === "string", "a string");
  else if (shape.isBooleanSchema()) fits(typeof value === "boolean", "a boolean");
  else if (shape.isNumericSchema()) fits(typeof value === "number", "a number");
}

/** Throws the validation error of AWS's where a member is missing that the operation cannot do without. */
export function checkRequired({ required }: OperationModel, input: object, code: string): void {
  const missing = required.filter((name) => (input as Record<string, unknown>)[name] === undefined);
  if (missing.length === 0) return;
  const faults = missing.map(
    (name) => `Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
  throw new AwsError(code, `${faults.length} validation error${faults.length === 1 ? "" : "s"} detected: ${faults.join("; ")}`);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

const jsonName = (shape: Shape, name: string): string => {
  const { jsonName: wire } = shape.getMergedTraits();
  return typeof wire === "string" ? wire : name;
};
