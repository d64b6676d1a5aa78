// What this checkout would deploy: its stacks, and which bootstrap they ask for.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { synthesise } from "../local/synthesis.ts";

const Manifest = z.object({
  artifacts: z.record(z.string(), z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).optional() })),
});

const StackProperties = z.object({
  templateFile: z.string(),
  stackName: z.string().optional(),
  requiresBootstrapStackVersion: z.int().optional(),
  bootstrapStackVersionSsmParameter: z.string().optional(),
});

export interface CheckoutStack {
  readonly name: string;
  readonly templateText: string;
}

export interface Checkout {
  readonly stacks: readonly CheckoutStack[];
  /** Parameter by parameter, the highest version that a stack asks for: one parameter for as long as all share a qualifier. */
  readonly bootstraps: ReadonlyMap<string, number>;
}

/** Synthesises, or reuses what was synthesised of the same sources. Throws CommandFailed with what the app printed. */
export async function readCheckout(root: string): Promise<Checkout> {
  const { assembly } = await synthesise(root);
  const { artifacts } = Manifest.parse(JSON.parse(await readFile(join(assembly, "manifest.json"), "utf8")));
  const declared = Object.entries(artifacts)
    .filter(([, { type }]) => type === "aws:cloudformation:stack")
    .map(([id, { properties }]) => ({ id, ...StackProperties.parse(properties) }));
  const bootstraps = new Map<string, number>();
  for (const { bootstrapStackVersionSsmParameter: parameter, requiresBootstrapStackVersion: version = 0 } of declared) {
    if (parameter !== undefined) bootstraps.set(parameter, Math.max(version, bootstraps.get(parameter) ?? 0));
  }
  const stacks = await Promise.all(
    declared.map(async ({ id, stackName: name = id, templateFile }) => ({
      name,
      templateText: await readFile(join(assembly, templateFile), "utf8"),
    })),
  );
  return { stacks, bootstraps };
}
