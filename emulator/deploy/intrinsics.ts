// CloudFormation's intrinsic functions: one evaluator, used with pending values to check and order a stack and with real ones to create it.

import type { Json } from "../../core/canonical-json.ts";
import { ownMember } from "../own-member.ts";
import { cidrBlocks } from "./cidr.ts";
import { isPending, pending, pendingName } from "./pending.ts";
import { TemplateFault } from "./template-fault.ts";

/** What an expression may ask its stack for. Each throws a TemplateFault if there is no such thing. */
export interface Scope {
  /** A parameter, resource or pseudo parameter other than `AWS::NoValue`. */
  ref(name: string): Json;
  attribute(logicalId: string, attribute: string): Json;
  condition(name: string): boolean;
  mapping(map: string, topLevelKey: string, secondLevelKey: string): Json | undefined;
  importValue(exportName: string): Json;
  readonly region: string;
}

/** Undefined stands for `AWS::NoValue`. */
type Resolved = Json | undefined;

const shown = (value: Resolved): string => JSON.stringify(value) ?? "AWS::NoValue";

function list(value: Resolved, what: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new TemplateFault(`${what} takes a list, not ${shown(value)}`);
}

function text(value: Resolved, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new TemplateFault(`${what} takes a string, not ${shown(value)}`);
}

/** Evaluates every function in `expression`; members and elements that are `AWS::NoValue` vanish. */
export function resolve(expression: Json, scope: Scope): Resolved {
  if (typeof expression === "string" && expression.includes("{{resolve:")) {
    throw new TemplateFault(`dynamic reference ${expression.slice(expression.indexOf("{{resolve:"))} is not modelled`);
  }
  if (typeof expression !== "object" || expression === null) return expression;
  if (Array.isArray(expression)) return expression.map((item) => resolve(item, scope)).filter((item) => item !== undefined);
  const members = Object.entries(expression);
  const name = members.map(([member]) => member).find((member) => member.startsWith("Fn::") || (member === "Ref" && members.length === 1));
  if (name === undefined) {
    const resolved = members.map(([member, value]) => [member, resolve(value, scope)] as const);
    return Object.fromEntries(resolved.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
  }
  if (members.length > 1) throw new TemplateFault(`${name} stands beside other members: ${members.map(([member]) => member).join(", ")}`);
  const call = ownMember(functions, name);
  if (call === undefined) throw new TemplateFault(`intrinsic function ${name} is not modelled`);
  return call(members[0]?.[1] ?? null, scope);
}

/** Evaluates an entry of `Conditions`, or an argument within one. */
export function resolveCondition(expression: Json, scope: Scope): boolean {
  const [[name, argument] = ["", null], ...others] =
    typeof expression === "object" && expression !== null && !Array.isArray(expression) ? Object.entries(expression) : [];
  if (others.length > 0) throw new TemplateFault(`a condition is one function, not ${shown(expression)}`);
  switch (name) {
    case "Condition":
      return scope.condition(text(argument, "Condition"));
    case "Fn::And":
      return list(argument, name).every((item) => resolveCondition(item, scope));
    case "Fn::Or":
      return list(argument, name).some((item) => resolveCondition(item, scope));
    case "Fn::Not":
      return !resolveCondition(list(argument, name)[0] ?? null, scope);
    case "Fn::Equals": {
      const [left, right, ...rest] = list(argument, name).map((item) => resolve(item, scope));
      if (left === undefined || right === undefined || rest.length > 0) throw new TemplateFault("Fn::Equals takes two values");
      const unknown = [left, right].find(isPending);
      if (unknown !== undefined)
        throw new TemplateFault(`the condition depends on ${pendingName(unknown)}, which exists only after creation`);
      return typeof left === "object" || typeof right === "object"
        ? JSON.stringify(left) === JSON.stringify(right)
        : String(left) === String(right);
    }
    default:
      throw new TemplateFault(`a condition is Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition, not ${shown(expression)}`);
  }
}

type IntrinsicFunction = (argument: Json, scope: Scope) => Resolved;

const functions: Readonly<Record<string, IntrinsicFunction>> = {
  Ref: (argument, scope) => {
    const name = text(argument, "Ref");
    return name === "AWS::NoValue" ? undefined : scope.ref(name);
  },

  "Fn::GetAtt": (argument, scope) => {
    const [logicalId, ...rest] = typeof argument === "string" ? argument.split(".") : list(argument, "Fn::GetAtt");
    const path = rest.map((part) => text(resolve(part, scope), "Fn::GetAtt")).join(".");
    if (typeof logicalId !== "string" || path === "")
      throw new TemplateFault(`Fn::GetAtt takes a logical id and an attribute, not ${shown(argument)}`);
    return scope.attribute(logicalId, path);
  },

  "Fn::Join": (argument, scope) => {
    const [separator, items] = list(argument, "Fn::Join");
    const parts = resolve(items ?? null, scope);
    if (typeof parts === "string" && isPending(parts)) return parts;
    return list(parts, "Fn::Join")
      .map((part) => text(part, "Fn::Join"))
      .join(text(separator, "Fn::Join"));
  },

  "Fn::Sub": (argument, scope) => {
    const [template, variables = {}] = Array.isArray(argument) ? argument : [argument];
    const own = typeof variables === "object" && variables !== null && !Array.isArray(variables) ? variables : {};
    return text(resolve(template ?? null, scope), "Fn::Sub").replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, body: string) => {
      if (literal === "!") return `\${${body}}`;
      const name = body.trim();
      const [logicalId = "", ...attribute] = name.split(".");
      const value =
        name in own
          ? resolve(own[name] ?? null, scope)
          : attribute.length > 0
            ? scope.attribute(logicalId, attribute.join("."))
            : scope.ref(name);
      return text(value, `Fn::Sub \${${name}}`);
    });
  },

  "Fn::Select": (argument, scope) => {
    const [position, items] = list(argument, "Fn::Select").map((item) => resolve(item, scope));
    if (typeof items === "string" && isPending(items)) return items;
    const index = Number(text(position, "Fn::Select"));
    const choices = list(items, "Fn::Select");
    const chosen = choices[index];
    if (chosen === undefined) throw new TemplateFault(`Fn::Select asks for element ${index} of ${choices.length}`);
    return chosen;
  },

  "Fn::Split": (argument, scope) => {
    const [separator, source] = list(argument, "Fn::Split").map((item) => resolve(item, scope));
    const whole = text(source, "Fn::Split");
    // Where a pending text will be cut is not known; the whole stands for each part.
    return isPending(whole) ? whole : whole.split(text(separator, "Fn::Split"));
  },

  "Fn::If": (argument, scope) => {
    const [name, whenTrue, whenFalse] = list(argument, "Fn::If");
    if (whenTrue === undefined || whenFalse === undefined) throw new TemplateFault("Fn::If takes a condition and two values");
    return resolve(scope.condition(text(name, "Fn::If")) ? whenTrue : whenFalse, scope);
  },

  "Fn::FindInMap": (argument, scope) => {
    const [map, topLevelKey, secondLevelKey, options] = list(argument, "Fn::FindInMap").map((item) => resolve(item, scope));
    const keys = [map, topLevelKey, secondLevelKey].map((key) => text(key, "Fn::FindInMap"));
    const unknown = keys.find(isPending);
    if (unknown !== undefined) return unknown;
    const [name = "", top = "", second = ""] = keys;
    const fallback = typeof options === "object" && options !== null && "DefaultValue" in options ? options["DefaultValue"] : undefined;
    const found = scope.mapping(name, top, second) ?? fallback;
    if (found === undefined) throw new TemplateFault(`mapping ${name} has no ${top}.${second}`);
    return found;
  },

  "Fn::ImportValue": (argument, scope) => scope.importValue(text(resolve(argument, scope), "Fn::ImportValue")),

  "Fn::Base64": (argument, scope) => {
    const plain = text(resolve(argument, scope), "Fn::Base64");
    return isPending(plain) ? plain : Buffer.from(plain, "utf8").toString("base64");
  },

  "Fn::Cidr": (argument, scope) => {
    const [block, count, hostBits] = list(argument, "Fn::Cidr").map((item) => resolve(item, scope));
    const within = text(block, "Fn::Cidr");
    if (isPending(within)) return within;
    return cidrBlocks(within, {
      count: Number(text(count, "Fn::Cidr")),
      hostBits: Number(hostBits === undefined ? 8 : text(hostBits, "Fn::Cidr")),
    });
  },

  "Fn::GetAZs": (argument, scope) => {
    const region = text(resolve(argument, scope), "Fn::GetAZs") || scope.region;
    // Every region of the emulator has three zones.
    return ["a", "b", "c"].map((zone) => `${region}${zone}`);
  },

  "Fn::ToJsonString": (argument, scope) => {
    const value = resolve(argument, scope);
    return isPending(value) ? pending("Fn::ToJsonString") : JSON.stringify(value);
  },
};
