// Creates a planned stack: resources side by side as soon as what each needs exists, then the outputs.

import type { Json } from "../../core/canonical-json.ts";
import type { Environment } from "../service.ts";
import type { Assembly } from "./assembly.ts";
import { resolve } from "./intrinsics.ts";
import { ignoredParameter, parameterValue } from "./parameters.ts";
import type { CreatedResource, ResourceContext } from "./resource-type.ts";
import type { PlannedResource, StackPlan } from "./stack-plan.ts";
import { StackScope } from "./stack-scope.ts";
import { DeploymentFailed, type Fault, TemplateFault } from "./template-fault.ts";

export interface DeployedResource {
  readonly logicalId: string;
  /** What `Ref` gives. */
  readonly physicalId: string;
  readonly type: string;
  readonly createdAtMs: number;
}

export interface DeployedOutput {
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface DeployedStack {
  readonly name: string;
  /** `arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>`. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly templateText: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly resources: readonly DeployedResource[];
  readonly outputs: Readonly<Record<string, DeployedOutput>>;
}

export interface Deployment {
  readonly assembly: Assembly;
  /** What the stacks so far export; this one adds its own. */
  readonly exports: Map<string, Json>;
  readonly environment: Environment;
  /** Values given for this stack's parameters. */
  readonly given: Readonly<Record<string, string>>;
  readParameter(name: string): string | undefined;
}

/** Creates everything; throws DeploymentFailed naming each resource that failed. */
export async function createStack(plan: StackPlan, deployment: Deployment): Promise<DeployedStack> {
  const { stack, identity } = plan;
  const { environment } = deployment;
  const parameters = stackParameters(plan, deployment);
  const created = new Map<string, CreatedResource>();
  const scope = new StackScope({
    identity,
    template: stack.template,
    parameters,
    resource: (logicalId) => created.get(logicalId),
    exported: (name) => deployment.exports.get(name),
  });
  const resources = await createResources(plan, { scope, created, deployment });
  const outputs: Record<string, DeployedOutput> = {};
  for (const [name, { Value, Description, Condition, Export }] of Object.entries(stack.template.Outputs)) {
    if (Condition !== undefined && !scope.condition(Condition)) continue;
    const value = placed({ stack: stack.name, at: `Outputs.${name}` }, () => resolve(Value, scope));
    const exportName = Export === undefined ? undefined : String(resolve(Export.Name, scope));
    if (exportName !== undefined) deployment.exports.set(exportName, value ?? "");
    outputs[name] = {
      value: typeof value === "string" ? value : JSON.stringify(value),
      ...(Description === undefined ? {} : { description: Description }),
      ...(exportName === undefined ? {} : { exportName }),
    };
  }
  return {
    name: stack.name,
    id: identity.stackId,
    createdAtMs: environment.clock.now(),
    templateText: stack.templateText,
    ...(stack.template.Description === undefined ? {} : { description: stack.template.Description }),
    tags: stack.tags,
    parameters: Object.fromEntries([...parameters].map(([name, value]) => [name, [value].flat().join(",")])),
    resources,
    outputs,
  };
}

/** Parameters with what earlier stacks have written to Parameter Store by now. */
function stackParameters({ stack, storeNames }: StackPlan, deployment: Deployment): Map<string, Json> {
  const values = new Map<string, Json>();
  for (const [name, parameter] of Object.entries(stack.template.Parameters)) {
    if (name === ignoredParameter) continue;
    const nameInStore = storeNames.get(name);
    const stored = nameInStore === undefined ? undefined : deployment.readParameter(nameInStore);
    const place = { stack: stack.name, at: `Parameters.${name}` };
    if (nameInStore !== undefined && stored === undefined) {
      throw new DeploymentFailed([{ ...place, problem: `Parameter Store has no ${nameInStore}` }], { cause: undefined });
    }
    const given = deployment.given[name] ?? stack.parameters[name];
    values.set(
      name,
      placed(place, () => parameterValue(name, parameter, { given, stored })),
    );
  }
  return values;
}

interface Creation {
  readonly scope: StackScope;
  readonly created: Map<string, CreatedResource>;
  readonly deployment: Deployment;
}

/** Creates each resource as soon as what it needs exists; waits for all before it reports those that failed. */
async function createResources(plan: StackPlan, creation: Creation): Promise<DeployedResource[]> {
  const started = new Map<string, Promise<DeployedResource>>();
  const clock = creation.deployment.environment.clock;
  for (const resource of plan.resources) {
    const { logicalId, type } = resource;
    // The plan's order guarantees that every dependency that exists at all has been started.
    const dependencies = resource.dependencies.map((dependency) => started.get(dependency)).filter((promise) => promise !== undefined);
    const create = async (): Promise<DeployedResource> => {
      await Promise.all(dependencies);
      const result = await createResource(resource, plan, creation);
      creation.created.set(logicalId, result);
      return { logicalId, physicalId: result.ref, type: type.type, createdAtMs: clock.now() };
    };
    const promise = create();
    // Awaited below, all together; until then a failure must not count as unhandled.
    promise.catch(() => undefined);
    started.set(logicalId, promise);
  }
  const settled = await Promise.allSettled(started.values());
  const failures = new Set(settled.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason as unknown));
  const [first] = failures;
  if (failures.size === 0) return settled.filter((outcome) => outcome.status === "fulfilled").map((outcome) => outcome.value);
  // Dependents fail with the very error of what they waited for, which the set holds once.
  const faults = [...failures].flatMap((failure) => (failure instanceof DeploymentFailed ? failure.faults : []));
  throw faults.length === 0 ? first : new DeploymentFailed(faults, { cause: first });
}

async function createResource(
  { logicalId, type, declared }: PlannedResource,
  plan: StackPlan,
  creation: Creation,
): Promise<CreatedResource> {
  const place = { stack: plan.stack.name, at: logicalId, type: type.type };
  const properties = placed(place, () => resolve(declared.Properties ?? {}, creation.scope));
  const parsed = type.properties.safeParse(properties);
  if (!parsed.success) {
    throw new DeploymentFailed(
      parsed.error.issues.map((issue) => ({ ...place, problem: `property ${issue.path.map(String).join(".")}: ${issue.message}` })),
      { cause: parsed.error },
    );
  }
  try {
    return await type.create(parsed.data, resourceContext({ logicalId, properties }, plan, creation.deployment));
  } catch (cause) {
    throw new DeploymentFailed([{ ...place, problem: cause instanceof Error ? cause.message : String(cause) }], { cause });
  }
}

function resourceContext(
  { logicalId, properties }: { logicalId: string; properties: Json },
  { stack }: StackPlan,
  { assembly, environment }: Deployment,
): ResourceContext {
  return {
    stackName: stack.name,
    logicalId,
    generatedName: (maxLength = 64) => {
      const suffix = environment.uniqueId("").slice(-12).padStart(12, "0");
      return `${`${stack.name}-${logicalId}`.slice(0, maxLength - suffix.length - 1)}-${suffix}`;
    },
    assetPath: (of) => {
      const reference = "imageUri" in of ? of.imageUri : `s3://${of.bucket}/${of.key}`;
      const path = assembly.assets.get(reference);
      if (path === undefined) throw new TemplateFault(`the cloud assembly has no asset ${reference}`);
      return path;
    },
    tags: { ...stack.tags, ...ownTags(properties) },
  };
}

/** A resource's `Tags` in either of CloudFormation's two forms. */
function ownTags(properties: Json): Record<string, string> {
  const tags = typeof properties === "object" && properties !== null && "Tags" in properties ? properties["Tags"] : undefined;
  if (typeof tags !== "object" || tags === null) return {};
  const entries = Array.isArray(tags)
    ? tags.map((tag: Json) =>
        typeof tag === "object" && tag !== null && !Array.isArray(tag) && "Key" in tag ? [tag["Key"], tag["Value"]] : [],
      )
    : Object.entries(tags);
  return Object.fromEntries(entries.filter(([key]) => key !== undefined).map(([key, value]) => [String(key), String(value)]));
}

/** Runs `action`; a fault in an expression becomes a failed deployment that names the place. */
function placed(place: Omit<Fault, "problem">, action: () => Json | undefined): Json {
  try {
    const value = action();
    if (value === undefined) throw new TemplateFault("its value is AWS::NoValue");
    return value;
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    throw new DeploymentFailed([{ ...place, problem: error.message }], { cause: error });
  }
}
