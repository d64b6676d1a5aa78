// Reads a cloud assembly as `cdk synth` wrote it: which stacks in which order, their templates, and where their assets lie.

import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { Template } from "./template.ts";
import { AssemblyRefused, type Fault } from "./template-fault.ts";

export interface AssemblyStack {
  readonly name: string;
  readonly template: Template;
  /** As written, for GetTemplate. */
  readonly templateText: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Assembly {
  /** Each after the stacks it depends on. */
  readonly stacks: readonly AssemblyStack[];
  /** Path of a file asset (`s3://<bucket>/<key>`) or an image's build context (its URI). */
  readonly assets: ReadonlyMap<string, string>;
}

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      environment: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

const StackProperties = z.object({
  templateFile: z.string(),
  stackName: z.string().optional(),
  tags: z.record(z.string(), z.string()).default({}),
  parameters: z.record(z.string(), z.string()).default({}),
});

const destinations = <Destination extends z.ZodType>(destination: Destination) => z.record(z.string(), destination);

const AssetManifest = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string() }),
        destinations: destinations(z.object({ bucketName: z.string(), objectKey: z.string() })),
      }),
    )
    .default({}),
  dockerImages: z
    .record(
      z.string(),
      z.object({
        source: z.object({ directory: z.string() }),
        destinations: destinations(z.object({ repositoryName: z.string(), imageTag: z.string() })),
      }),
    )
    .default({}),
});

interface Place {
  readonly account: string;
  readonly region: string;
}

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

/** Reads and checks everything; throws AssemblyRefused naming every fault. */
export async function readAssembly(directory: string, place: Place): Promise<Assembly> {
  const manifest = Manifest.parse(await readJson(join(directory, "manifest.json")));
  const faults: Fault[] = [];
  const stacks = new Map<string, { stack: AssemblyStack; dependencies: readonly string[] }>();
  const assets = new Map<string, string>();
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    switch (artifact.type) {
      case "aws:cloudformation:stack": {
        faults.push(...environmentFaults(id, artifact.environment, place));
        const stack = await readStack(directory, { id, properties: StackProperties.parse(artifact.properties) }, faults);
        if (stack !== undefined) stacks.set(id, { stack, dependencies: artifact.dependencies });
        break;
      }
      case "cdk:asset-manifest": {
        const { file } = z.object({ file: z.string() }).parse(artifact.properties);
        for (const [reference, path] of assetPaths(AssetManifest.parse(await readJson(join(directory, file))), place)) {
          assets.set(reference, isAbsolute(path) ? path : join(directory, path));
        }
        break;
      }
      case "cdk:tree":
      case "cdk:feature-flag-report":
        break;
      default:
        faults.push({ stack: id, problem: `artifacts of type ${artifact.type} are not modelled` });
    }
  }
  if (faults.length > 0) throw new AssemblyRefused(faults);
  return { stacks: inDependencyOrder(stacks), assets };
}

/** A stack that is fixed to an account or region holds their names in its ARNs, so it cannot live elsewhere. */
function environmentFaults(stack: string, environment: string | undefined, { account, region }: Place): Fault[] {
  const [, itsAccount, itsRegion] = /^aws:\/\/([^/]+)\/(.+)$/.exec(environment ?? "") ?? [];
  const faults: Fault[] = [];
  if (itsAccount !== undefined && itsAccount !== "unknown-account" && itsAccount !== account) {
    faults.push({ stack, problem: `it is fixed to account ${itsAccount}; the emulator is account ${account}` });
  }
  if (itsRegion !== undefined && itsRegion !== "unknown-region" && itsRegion !== region) {
    faults.push({ stack, problem: `it is fixed to region ${itsRegion}; the emulator is region ${region}` });
  }
  return faults;
}

async function readStack(
  directory: string,
  { id, properties }: { id: string; properties: z.output<typeof StackProperties> },
  faults: Fault[],
): Promise<AssemblyStack | undefined> {
  const name = properties.stackName ?? id;
  const templateText = await readFile(join(directory, properties.templateFile), "utf8");
  const parsed = Template.safeParse(JSON.parse(templateText));
  if (parsed.success) return { name, template: parsed.data, templateText, tags: properties.tags, parameters: properties.parameters };
  for (const issue of parsed.error.issues) {
    const [section, ...path] = issue.path.map(String);
    const at =
      section === "Resources" && path.length > 0 ? path.join(".") : [section, ...path].filter((part) => part !== undefined).join(".");
    const problem = issue.code === "unrecognized_keys" ? `${issue.keys.join(", ")} is not modelled` : issue.message;
    faults.push({ stack: name, ...(at === "" ? {} : { at }), problem });
  }
  return undefined;
}

function* assetPaths(manifest: z.output<typeof AssetManifest>, { account, region }: Place): Generator<readonly [string, string]> {
  const pseudo: Readonly<Record<string, string>> = { AccountId: account, Region: region, Partition: "aws" };
  const here = (text: string): string => text.replaceAll(/\$\{AWS::(\w+)\}/g, (whole, name: string) => pseudo[name] ?? whole);
  for (const { source, destinations } of Object.values(manifest.files)) {
    for (const { bucketName, objectKey } of Object.values(destinations)) yield [`s3://${here(bucketName)}/${objectKey}`, source.path];
  }
  for (const { source, destinations } of Object.values(manifest.dockerImages)) {
    for (const { repositoryName, imageTag } of Object.values(destinations)) {
      yield [`${account}.dkr.ecr.${region}.amazonaws.com/${here(repositoryName)}:${imageTag}`, source.directory];
    }
  }
}

function inDependencyOrder(stacks: ReadonlyMap<string, { stack: AssemblyStack; dependencies: readonly string[] }>): AssemblyStack[] {
  const ordered = new Set<AssemblyStack>();
  const visit = (id: string, trail: readonly string[]): void => {
    const found = stacks.get(id);
    // Dependencies on asset manifests order publishing, which does not happen here.
    if (found === undefined || ordered.has(found.stack)) return;
    if (trail.includes(id))
      throw new AssemblyRefused([{ stack: id, problem: `stacks depend on each other: ${[...trail, id].join(" → ")}` }]);
    for (const dependency of found.dependencies) visit(dependency, [...trail, id]);
    ordered.add(found.stack);
  };
  for (const id of stacks.keys()) visit(id, []);
  return [...ordered];
}
