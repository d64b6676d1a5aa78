// What a pattern says of one value: the value itself, or a comparison.

import { BlockList, isIPv4, isIPv6 } from "node:net";
import { AwsError } from "../../aws-error.ts";

export type LeafMatcher = { readonly kind: "present"; matches(leaf: unknown): boolean } | { readonly kind: "absent" };

type Test = (leaf: unknown) => boolean;

export const invalidPattern = (reason: string): AwsError =>
  new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reason}`);

/** @param at - the member's path, for messages */
export function leafMatcher(pattern: unknown, at: string): LeafMatcher {
  if (typeof pattern !== "object" || pattern === null) return { kind: "present", matches: (leaf) => leaf === pattern };
  const [name, operand] = onlyMember(pattern, at);
  if (name !== "exists") return { kind: "present", matches: comparison(name, operand, at) };
  if (typeof operand !== "boolean") throw invalidPattern(`exists of "${at}" must be either true or false`);
  return operand ? { kind: "present", matches: () => true } : { kind: "absent" };
}

function comparison(name: string, operand: unknown, at: string): Test {
  switch (name) {
    case "prefix":
    case "suffix":
      return affix(name, operand, at);
    case "equals-ignore-case":
    case "wildcard":
    case "cidr":
      return textTest(name, operand, at);
    case "numeric":
      return numeric(operand, at);
    case "anything-but":
      return anythingBut(operand, at);
    default:
      throw invalidPattern(`Unrecognized match type ${name}`);
  }
}

function affix(name: "prefix" | "suffix", operand: unknown, at: string): Test {
  if (typeof operand !== "object") return textTest(name, operand, at);
  const [kind, text] = onlyMember(operand, at);
  if (kind !== "equals-ignore-case") throw invalidPattern(`Unsupported anything in ${name} of "${at}": ${kind}`);
  const folded = textOf(text, name, at).toLowerCase();
  return onText((leaf) => (name === "prefix" ? leaf.toLowerCase().startsWith(folded) : leaf.toLowerCase().endsWith(folded)));
}

function textTest(name: string, operand: unknown, at: string): Test {
  const text = textOf(operand, name, at);
  switch (name) {
    case "prefix":
      return onText((leaf) => leaf.startsWith(text));
    case "suffix":
      return onText((leaf) => leaf.endsWith(text));
    case "equals-ignore-case":
      return onText((leaf) => leaf.toLowerCase() === text.toLowerCase());
    case "wildcard":
      return onText(wildcard(text));
    case "cidr": {
      const addresses = addressesOf(text);
      return onText((leaf) => (isIPv4(leaf) && addresses.check(leaf)) || (isIPv6(leaf) && addresses.check(leaf, "ipv6")));
    }
    default:
      throw invalidPattern(`Unrecognized match type ${name}`);
  }
}

const butForms: readonly string[] = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/** One value or several, or one comparison of texts with one text or several: true of what none of them holds of. */
function anythingBut(operand: unknown, at: string): Test {
  const several = (of: unknown): readonly unknown[] => {
    const all = Array.isArray(of) ? of : [of];
    if (all.length === 0) throw invalidPattern(`anything-but of "${at}" must not be empty`);
    return all;
  };
  if (typeof operand !== "object" || operand === null || Array.isArray(operand)) {
    const excluded = several(operand);
    if (excluded.some((value) => typeof value !== "string" && typeof value !== "number")) {
      throw invalidPattern(`anything-but of "${at}" takes strings and numbers`);
    }
    return (leaf) => !excluded.includes(leaf);
  }
  const [name, texts] = onlyMember(operand, at);
  if (!butForms.includes(name)) throw invalidPattern(`Unsupported anything-but pattern: ${name}`);
  const tests = several(texts).map((text) => textTest(name, text, at));
  return (leaf) => !tests.some((test) => test(leaf));
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

/** One comparison, or a lower bound and an upper bound. */
function numeric(operand: unknown, at: string): Test {
  const fault = invalidPattern(`numeric of "${at}" takes an operator and a number, or a lower and an upper bound`);
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) throw fault;
  const [first, low, second, high] = operand as readonly unknown[];
  const bounds = [[first, low] as const, ...(operand.length === 4 ? [[second, high] as const] : [])];
  const tests = bounds.map(([operator, bound]) => {
    const compare = typeof operator === "string" && Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
    if (compare === undefined || typeof bound !== "number") throw fault;
    return (value: number) => compare(value, bound);
  });
  const isRange = String(first).startsWith(">") && String(second).startsWith("<") && Number(low) < Number(high);
  if (operand.length === 4 && !isRange) throw fault;
  return (leaf) => typeof leaf === "number" && tests.every((test) => test(leaf));
}

/** `*` stands for any characters; `\\*` and `\\\\` for themselves. */
function wildcard(text: string): (leaf: string) => boolean {
  const pieces = [""];
  for (const [token] of text.matchAll(/\\.?|\*+|[^\\*]+/gs)) {
    if (token === "*") pieces.push("");
    else if (token.startsWith("*")) throw invalidPattern("Consecutive wildcard characters");
    else if (token.startsWith("\\") && token !== "\\*" && token !== "\\\\") throw invalidPattern("Invalid escape character");
    else pieces.push(`${pieces.pop() ?? ""}${token.startsWith("\\") ? token.slice(1) : token}`);
  }
  const [first = "", ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return (leaf) => leaf === first;
  return (leaf) => {
    if (!leaf.startsWith(first)) return false;
    let from = first.length;
    for (const piece of others) {
      const at = leaf.indexOf(piece, from);
      if (at === -1) return false;
      from = at + piece.length;
    }
    return leaf.length >= from + last.length && leaf.endsWith(last);
  };
}

function addressesOf(cidr: string): BlockList {
  const [, address = "", bits] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), isIPv6(address) ? "ipv6" : "ipv4");
  } catch (cause) {
    throw Object.assign(invalidPattern(`Malformed CIDR, ${cidr}`), { cause });
  }
  return list;
}

const onText =
  (test: (leaf: string) => boolean): Test =>
  (leaf) =>
    typeof leaf === "string" && test(leaf);

function textOf(operand: unknown, name: string, at: string): string {
  if (typeof operand !== "string" || operand === "") throw invalidPattern(`${name} of "${at}" must be a non-empty string`);
  return operand;
}

function onlyMember(of: unknown, at: string): readonly [name: string, operand: unknown] {
  const members = typeof of === "object" && of !== null && !Array.isArray(of) ? Object.entries(of) : [];
  const [only] = members;
  if (only === undefined || members.length > 1) throw invalidPattern(`Only one key allowed in match expression of "${at}"`);
  return only;
}
