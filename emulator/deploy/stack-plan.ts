// A stack checked whole before anything is created: every resource's type, properties and references, and the order that follows from them.

import type { Json } from "../../core/canonical-json.ts";
import { ownMember } from "../own-member.ts";
import type { AssemblyStack } from "./assembly.ts";
import { resolve } from "./intrinsics.ts";
import { unmodelledProperties } from "./modelled.ts";
import { ignoredParameter, parameterValue, storeName } from "./parameters.ts";
import { isPending, pending } from "./pending.ts";
import type { ResourceType } from "./resource-type.ts";
import { type StackIdentity, StackScope } from "./stack-scope.ts";
import type { TemplateResource } from "./template.ts";
import { type Fault, TemplateFault } from "./template-fault.ts";

export interface PlannedResource {
  readonly logicalId: string;
  readonly type: ResourceType;
  readonly declared: TemplateResource;
  /** Logical ids of what must exist first. */
  readonly dependencies: readonly string[];
}

export interface StackPlan {
  readonly stack: AssemblyStack;
  readonly identity: StackIdentity;
  /** Each after its dependencies. */
  readonly resources: readonly PlannedResource[];
  /** Parameters to read from Parameter Store when the stack's turn comes: parameter → name there. */
  readonly storeNames: ReadonlyMap<string, string>;
  /** Names under which the stack will export. */
  readonly exports: readonly string[];
}

export interface Planning {
  readonly resourceTypes: ReadonlyMap<string, ResourceType>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Export names of the stacks that are deployed earlier. */
  readonly exported: ReadonlySet<string>;
  /** A parameter that Parameter Store has already. */
  readParameter(name: string): string | undefined;
}

/** What creates nothing in AWS either. */
const inert = new Set(["AWS::CDK::Metadata"]);

/** Plans one stack; what is wrong with it goes into `faults`. */
export function planStack(stack: AssemblyStack, identity: StackIdentity, planning: Planning, faults: Fault[]): StackPlan {
  const { template, name } = stack;
  const attempt = <Value>(at: string, action: () => Value, type?: string): Value | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      faults.push({ stack: name, at, ...(type === undefined ? {} : { type }), problem: error.message });
      return undefined;
    }
  };
  const { values: parameters, storeNames } = planParameters(stack, planning, attempt);
  const references = new Set<string>();
  const scope = new StackScope({
    identity,
    template,
    parameters,
    resource: (logicalId) => {
      references.add(logicalId);
      return undefined;
    },
    exported: (exportName) => (planning.exported.has(exportName) ? pending(exportName) : undefined),
  });
  const present = ({ Condition }: { Condition?: string | undefined }, at: string): boolean =>
    Condition === undefined || (attempt(at, () => scope.condition(Condition)) ?? false);

  const resources = new Map<string, PlannedResource>();
  for (const [logicalId, declared] of Object.entries(template.Resources)) {
    if (inert.has(declared.Type) || !present(declared, logicalId)) continue;
    references.clear();
    const properties = attempt(logicalId, () => resolve(declared.Properties ?? {}, scope), declared.Type);
    const type = planning.resourceTypes.get(declared.Type);
    if (type === undefined) {
      faults.push({ stack: name, at: logicalId, type: declared.Type, problem: "this resource type is not modelled" });
      continue;
    }
    if (properties !== undefined) {
      for (const problem of unmodelledProperties(type, properties))
        faults.push({ stack: name, at: logicalId, type: declared.Type, problem });
    }
    const explicit = [declared.DependsOn ?? []].flat();
    for (const other of explicit.filter((other) => !(other in template.Resources))) {
      faults.push({
        stack: name,
        at: logicalId,
        type: declared.Type,
        problem: `DependsOn names ${other}, which is no resource of this stack`,
      });
    }
    resources.set(logicalId, { logicalId, type, declared, dependencies: [...new Set([...references, ...explicit])] });
  }

  const exports: string[] = [];
  for (const [outputName, output] of Object.entries(template.Outputs)) {
    const at = `Outputs.${outputName}`;
    if (!present(output, at)) continue;
    attempt(at, () => resolve(output.Value, scope));
    if (output.Export === undefined) continue;
    const exportName = attempt(at, () => resolve(output.Export?.Name ?? null, scope));
    if (exportName === undefined) continue;
    if (typeof exportName !== "string" || isPending(exportName)) {
      faults.push({ stack: name, at, problem: "an export's name must be known before creation" });
    } else if (planning.exported.has(exportName) || exports.includes(exportName)) {
      faults.push({ stack: name, at, problem: `${exportName} is exported twice` });
    } else exports.push(exportName);
  }
  return { stack, identity, resources: attempt("Resources", () => inReferenceOrder(resources)) ?? [], storeNames, exports };
}

function planParameters(
  { template, parameters: own }: AssemblyStack,
  planning: Planning,
  attempt: <Value>(at: string, action: () => Value) => Value | undefined,
): { values: Map<string, Json>; storeNames: Map<string, string> } {
  const values = new Map<string, Json>();
  const storeNames = new Map<string, string>();
  for (const [parameterName, parameter] of Object.entries(template.Parameters)) {
    if (parameterName === ignoredParameter) continue;
    const given = ownMember(planning.parameters, parameterName) ?? ownMember(own, parameterName);
    const nameInStore = storeName(parameter, given);
    if (nameInStore !== undefined) storeNames.set(parameterName, nameInStore);
    const stored = nameInStore === undefined ? undefined : planning.readParameter(nameInStore);
    // A faulty parameter stands as pending, so that it is reported once and not again by each resource that uses it.
    values.set(
      parameterName,
      attempt(`Parameters.${parameterName}`, () => parameterValue(parameterName, parameter, { given, stored })) ?? pending(parameterName),
    );
  }
  return { values, storeNames };
}

function inReferenceOrder(resources: ReadonlyMap<string, PlannedResource>): PlannedResource[] {
  const ordered = new Set<PlannedResource>();
  const visit = (resource: PlannedResource, trail: readonly string[]): void => {
    if (ordered.has(resource)) return;
    const { logicalId } = resource;
    if (trail.includes(logicalId)) {
      throw new TemplateFault(`resources depend on each other: ${[...trail.slice(trail.indexOf(logicalId)), logicalId].join(" → ")}`);
    }
    for (const dependency of resource.dependencies) {
      const other = resources.get(dependency);
      // Absent: its condition is false, or its type is already a fault.
      if (other !== undefined) visit(other, [...trail, logicalId]);
    }
    ordered.add(resource);
  };
  for (const resource of resources.values()) visit(resource, []);
  return [...ordered];
}
