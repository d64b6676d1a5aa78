// The JSON paths that EventBridge takes in InputPath and InputPathsMap: dots, indices and wildcards, no filters.

import { notImplemented } from "../../aws-error.ts";
import { ownMember } from "../../own-member.ts";

type Step = string | number | "*";

export type JsonPath = (event: unknown) => unknown;

const form = /^\$(?:\.[\w/-]+|\.\*|\[\d+\]|\[\*\])*$/;

/** Gives `undefined` for what is not there. Throws NotImplemented for other syntax, which AWS takes and finds nothing with. */
export function parseJsonPath(text: string): JsonPath {
  if (!form.test(text)) throw notImplemented(`The JSON path ${text} in an EventBridge target`);
  const steps = [...text.matchAll(/\.([\w/-]+|\*)|\[(\d+|\*)\]/g)].map(([, name, index]): Step => {
    if (name !== undefined) return name;
    return index === "*" ? "*" : Number(index);
  });
  return (event) => follow(event, steps);
}

function follow(value: unknown, [step, ...rest]: readonly Step[]): unknown {
  if (step === undefined || value === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if (step === "*") return Object.values(value).map((each) => follow(each, rest));
  return follow(Array.isArray(value) ? value[Number(step)] : ownMember(value as Record<string, unknown>, String(step)), rest);
}
