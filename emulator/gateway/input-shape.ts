// Inputs are of the types that the SDK's schema says before any service sees them: services trust them as parsed.

import { AwsError, notImplemented } from "../aws-error.ts";
import { ownMember } from "../own-member.ts";
import { membersOf, type OperationModel, requiredMembers, type Shape } from "./model.ts";

/**
 * Throws `SerializationException` where JSON holds another type than the shape has there. Absent members pass, and so does null for a member;
 * as the body, in a list or in a map it is no value.
 */
export function checkJson(shape: Shape, value: unknown, path = "the body"): void {
  if (value === null) throw new AwsError("SerializationException", `${path} is null.`);
  if (value === undefined || shape.isDocumentSchema()) return;
  const fits = (holds: boolean, expected: string): void => {
    if (!holds) throw new AwsError("SerializationException", `${path} is not ${expected}.`);
  };
  if (shape.isStructSchema()) {
    fits(isObject(value), "an object");
    if (!isObject(value)) return;
    for (const [name, member] of membersOf(shape)) {
      const given = ownMember(value, jsonName(member, name));
      if (given !== undefined && given !== null) checkJson(member, given, name);
    }
  } else if (shape.isMapSchema()) {
    fits(isObject(value), "an object");
    // The SDK's deserialiser would make it the map's prototype.
    if (Object.hasOwn(value as object, "__proto__")) throw notImplemented(`The key __proto__ in ${path}`);
    for (const [key, item] of Object.entries(value as object)) checkJson(shape.getValueSchema(), item, `${path}.${key}`);
  } else if (shape.isListSchema()) {
    fits(Array.isArray(value), "a list");
    for (const item of value as readonly unknown[]) checkJson(shape.getValueSchema(), item, path);
  } else if (shape.isStringSchema() || shape.isBlobSchema()) fits(typeof value === "string", "a string");
  else if (shape.isBooleanSchema()) fits(typeof value === "boolean", "a boolean");
  else if (shape.isNumericSchema()) fits(typeof value === "number", "a number");
}

/** Throws the validation error of AWS's where a member is missing that the operation cannot do without, however deep. */
export function checkRequired({ input: shape }: OperationModel, input: object, code: string): void {
  const missing = missingMembers(shape, input, "");
  if (missing.length === 0) return;
  const faults = missing.map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
  throw new AwsError(code, `${faults.length} validation error${faults.length === 1 ? "" : "s"} detected: ${faults.join("; ")}`);
}

/** Paths as AWS writes them: `environment.1.member.name`, `tags.key.value`. */
function missingMembers(shape: Shape, value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const inside = (part: string): string => (path === "" ? part : `${path}.${part}`);
  if (shape.isStructSchema() && isObject(value)) {
    const required = requiredMembers(shape);
    return membersOf(shape).flatMap(([name, member]) => {
      const given = ownMember(value, name);
      const at = inside(`${name.charAt(0).toLowerCase()}${name.slice(1)}`);
      if (given === undefined || given === null) return required.includes(name) ? [at] : [];
      return missingMembers(member, given, at);
    });
  }
  if (shape.isListSchema() && Array.isArray(value))
    return value.flatMap((item, index) => missingMembers(shape.getValueSchema(), item, inside(`${index + 1}.member`)));
  if (shape.isMapSchema() && isObject(value))
    return Object.entries(value).flatMap(([key, item]) => missingMembers(shape.getValueSchema(), item, inside(key)));
  return [];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const jsonName = (shape: Shape, name: string): string => {
  const { jsonName: wire } = shape.getMergedTraits();
  return typeof wire === "string" ? wire : name;
};
