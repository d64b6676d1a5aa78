// What the functions of one stack's template may refer to: its parameters, conditions, mappings and resources, and other stacks' exports.

import type { Json } from "../../core/canonical-json.ts";
import { ownMember } from "../own-member.ts";
import { resolveCondition, type Scope } from "./intrinsics.ts";
import { pending } from "./pending.ts";
import type { CreatedResource } from "./resource-type.ts";
import type { Template } from "./template.ts";
import { TemplateFault } from "./template-fault.ts";

/** Where a stack lives, as its pseudo parameters tell. */
export interface StackIdentity {
  readonly stackName: string;
  readonly stackId: string;
  readonly account: string;
  readonly region: string;
}

export interface StackReferences {
  readonly identity: StackIdentity;
  readonly template: Template;
  readonly parameters: ReadonlyMap<string, Json>;
  /** The resource's Ref and attributes, or undefined while it is only planned. */
  resource(logicalId: string): CreatedResource | undefined;
  /** An export's value; undefined if no stack exports that name. */
  exported(name: string): Json | undefined;
}

export class StackScope implements Scope {
  readonly region: string;
  readonly #references: StackReferences;
  readonly #conditions = new Map<string, boolean>();
  readonly #evaluating: string[] = [];
  readonly #pseudo: Readonly<Record<string, Json>>;

  constructor(references: StackReferences) {
    const { account, region, stackName, stackId } = references.identity;
    this.region = region;
    this.#references = references;
    this.#pseudo = {
      "AWS::AccountId": account,
      "AWS::Region": region,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": stackName,
      "AWS::StackId": stackId,
      "AWS::NotificationARNs": [],
    };
  }

  ref(name: string): Json {
    const known = ownMember(this.#pseudo, name) ?? this.#references.parameters.get(name);
    if (known !== undefined) return known;
    this.#assertCreated(name);
    return this.#references.resource(name)?.ref ?? pending(name);
  }

  attribute(logicalId: string, attribute: string): Json {
    this.#assertCreated(logicalId);
    const resource = this.#references.resource(logicalId);
    if (resource === undefined) return pending(`${logicalId}.${attribute}`);
    const value = ownMember(resource.attributes, attribute);
    if (value !== undefined) return value;
    const type = this.#references.template.Resources[logicalId]?.Type;
    throw new TemplateFault(
      `${logicalId} (${type}) has no attribute ${attribute}; modelled: ${Object.keys(resource.attributes).join(", ") || "none"}`,
    );
  }

  condition(name: string): boolean {
    const known = this.#conditions.get(name);
    if (known !== undefined) return known;
    const expression = ownMember(this.#references.template.Conditions, name);
    if (expression === undefined) throw new TemplateFault(`there is no condition ${name}`);
    if (this.#evaluating.includes(name))
      throw new TemplateFault(`conditions refer to each other: ${[...this.#evaluating, name].join(" → ")}`);
    this.#evaluating.push(name);
    const value = resolveCondition(expression, this);
    this.#evaluating.pop();
    this.#conditions.set(name, value);
    return value;
  }

  mapping(map: string, topLevelKey: string, secondLevelKey: string): Json | undefined {
    const inMap = ownMember(this.#references.template.Mappings, map) ?? {};
    return ownMember(ownMember(inMap, topLevelKey) ?? {}, secondLevelKey);
  }

  importValue(exportName: string): Json {
    const value = this.#references.exported(exportName);
    if (value === undefined) throw new TemplateFault(`no stack deployed before this one exports ${exportName}`);
    return value;
  }

  /** Throws unless the template declares the resource and its condition holds. */
  #assertCreated(logicalId: string): void {
    const resource = ownMember(this.#references.template.Resources, logicalId);
    if (resource === undefined) throw new TemplateFault(`there is no parameter or resource ${logicalId}`);
    if (resource.Condition !== undefined && !this.condition(resource.Condition)) {
      throw new TemplateFault(`${logicalId} is not created, as condition ${resource.Condition} is false`);
    }
  }
}
