// The synthesised templates for tests: built once per test file, with every intrinsic function replaced by a readable text.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CloudAssembly } from "aws-cdk-lib/cx-api";
import type { Bundles } from "../../infra/bundles.ts";
import { parseConfig } from "../../infra/config.ts";
import { buildApp, type KeyturnApp } from "../../infra/keyturn-app.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { sampleJobs } from "./sample-jobs.ts";
import { validConfig } from "./valid-config.ts";

export interface Resource {
  readonly stack: string;
  readonly id: string;
  readonly Type: string;
  // A template is JSON of any form; tests look into it by name.
  readonly Properties: Json;
  readonly Metadata?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly DeletionPolicy?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: what a template holds is only known to the test that looks into it.
type Json = any;

export interface Synthesised {
  readonly keyturn: KeyturnApp;
  readonly assembly: CloudAssembly;
  readonly resources: readonly Resource[];
  ofType(type: string): readonly Resource[];
}

export const account = "111122223333";

/** The account of the templates is left open; in what this returns it is 111122223333, and other references are `<stack>.<logical id>`. */
export function synthesise(options: { config?: object; jobs?: readonly JobDefinition[]; bundles?: Bundles } = {}): Synthesised {
  const out = mkdtempSync(join(tmpdir(), "keyturn-synth-"));
  process.once("exit", () => rmSync(out, { recursive: true, force: true }));
  const jobs = options.jobs ?? sampleJobs;
  const keyturn = buildApp(parseConfig({ ...validConfig, ...options.config }, jobs), {
    jobs,
    bundles: options.bundles ?? formBundles(join(out, "bundles")),
    app: { outdir: join(out, "assembly") },
  });
  const assembly = keyturn.app.synth();
  const exported = new Map<string, string>();
  const resources = assembly.stacks.flatMap(({ stackName, template }) => {
    const found = Object.entries(template.Resources as Record<string, Resource>).map(([id, resource]) => ({
      ...readable(resource, { stack: stackName, exported }),
      stack: stackName,
      id,
    }));
    for (const { Value, Export } of Object.values<Json>(template.Outputs ?? {})) {
      exported.set(Export.Name, readable(Value, { stack: stackName, exported }));
    }
    return found;
  });
  return { keyturn, assembly, resources, ofType: (type) => resources.filter(({ Type }) => Type === type) };
}

/** Folders that are assets by their form only: what is in a bundle is no matter of the templates. */
export function formBundles(folder: string): Bundles {
  const made = (name: string, file: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, file), `// ${name}\n`);
    return path;
  };
  return { task: (task) => made(task, "index.mjs"), image: (job) => made(`image-${job}`, "Dockerfile") };
}

function readable(value: Json, at: { readonly stack: string; readonly exported: ReadonlyMap<string, string> }): Json {
  const { stack, exported } = at;
  if (Array.isArray(value)) return value.map((item) => readable(item, at));
  if (typeof value !== "object" || value === null) return value;
  const [[name, argument] = ["", undefined], ...more] = Object.entries<Json>(value);
  if (more.length === 0) {
    switch (name) {
      case "Ref":
        return (
          ({ "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::Region": "us-east-1" } as Json)[argument] ?? `${stack}.${argument}`
        );
      case "Fn::GetAtt":
        return `${stack}.${argument.join(".")}`;
      case "Fn::Join":
        return argument[1].map((part: Json) => readable(part, at)).join(argument[0]);
      case "Fn::ImportValue":
        if (!exported.has(argument)) throw new Error(`${stack} imports ${argument}, which no stack before it exports.`);
        return exported.get(argument);
      case "Fn::Sub":
        return typeof argument === "string" ? argument.replaceAll(/\$\{AWS::AccountId\}/g, account) : argument;
      default:
    }
  }
  return Object.fromEntries(Object.entries<Json>(value).map(([key, item]) => [key, readable(item, at)]));
}
