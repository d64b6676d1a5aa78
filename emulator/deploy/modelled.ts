// Checks a resource's properties against its schema before creation, when values that only creation gives are still pending.

import type { z } from "zod";
import { isPending } from "./pending.ts";
import type { ResourceType } from "./resource-type.ts";

type Issue = z.core.$ZodIssue;

interface Finding {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inside, key) => (typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined), value);

/** Findings that no pending value can explain away. */
function findings(issues: readonly Issue[], value: unknown): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...issue.path, key], problem: "is not modelled" }));
    }
    const inside = at(value, issue.path);
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const alternatives = issue.errors.map((alternative) => findings(alternative, inside)).sort((a, b) => a.length - b.length);
      // The alternative that comes closest is the one that was meant.
      return (alternatives[0] ?? []).map(({ path, problem }) => ({ path: [...issue.path, ...path], problem }));
    }
    return isPending(inside) ? [] : [{ path: issue.path, problem: `: ${issue.message}` }];
  });
}

/** One sentence for each property that the type does not know or cannot take. */
export function unmodelledProperties(type: ResourceType, properties: unknown): string[] {
  const parsed = type.properties.safeParse(properties);
  if (parsed.success) return [];
  return findings(parsed.error.issues, properties).map(({ path, problem }) => {
    const name = path.length === 0 ? "properties" : `property ${path.map(String).join(".")}`;
    return problem.startsWith(":") ? `${name}${problem}` : `${name} ${problem}`;
  });
}
