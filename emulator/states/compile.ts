// Makes a definition's text a machine that runs: checked, every expression compiled once.

import type { Json } from "../../core/canonical-json.ts";
import { notImplemented } from "../aws-error.ts";
import { type Diagnostic, invalidDefinition } from "./diagnostics.ts";
import { distributedFields } from "./fields.ts";
import type { Catcher, ChoiceRule, Flow, Guarded, Machine, MapState, Retrier, State, TaskState, Transition } from "./machine.ts";
import type { QuerySources } from "./query-functions.ts";
import { type Integration, parseResource } from "./resource.ts";
import { compileTemplate, InvalidQuery, type Template } from "./template.ts";
import { validateDefinition } from "./validate.ts";

type Raw = { readonly [member: string]: Json };

export interface CompileOptions {
  readonly sources: QuerySources;
  /** Refuses a Task at creation that could not be run; names why. */
  readonly refuses?: (integration: Integration) => string | undefined;
}

/** The faults of a definition, as ValidateStateMachineDefinition lists them; empty where it can run. */
export function diagnose(definition: string, options: CompileOptions): readonly Diagnostic[] {
  const compiled = compileOrDiagnose(definition, options);
  return "diagnostics" in compiled ? compiled.diagnostics : [];
}

/** Throws InvalidDefinition, or NotImplemented for what the emulator does not model. */
export function compileDefinition(definition: string, options: CompileOptions): Machine {
  const compiled = compileOrDiagnose(definition, options);
  if ("diagnostics" in compiled) throw invalidDefinition(compiled.diagnostics);
  return compiled;
}

function compileOrDiagnose(text: string, options: CompileOptions): Machine | { diagnostics: readonly Diagnostic[] } {
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { diagnostics: [{ severity: "ERROR", code: "INVALID_JSON_DESCRIPTION", message, location: "/" }] };
  }
  const diagnostics = validateDefinition(definition);
  if (diagnostics.length > 0) return { diagnostics };
  try {
    return new Compiler(options).machine(definition as Raw);
  } catch (error) {
    if (!(error instanceof InvalidQuery)) throw error;
    return { diagnostics: [{ severity: "ERROR", code: error.code, message: error.message, location: `/${error.at}` }] };
  }
}

/** Says where a refused expression stands, seen from further out. */
function within<T>(outer: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw error instanceof InvalidQuery ? error.within(outer) : error;
  }
}

/** Reads what `validateDefinition` has checked; hence the casts. */
class Compiler {
  readonly #options: CompileOptions;

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  machine(raw: Raw): Machine {
    const timeoutSeconds = raw["TimeoutSeconds"];
    return { ...this.#flow(raw), ...(typeof timeoutSeconds === "number" ? { timeoutSeconds } : {}) };
  }

  #flow(raw: Raw): Flow {
    const states = Object.entries(raw["States"] as Raw).map(
      ([name, state]) => [name, within(`States/${name}`, () => this.#state(name, state as Raw))] as const,
    );
    return { startAt: raw["StartAt"] as string, states: new Map(states) };
  }

  #state(name: string, raw: Raw): State {
    switch (raw["Type"]) {
      case "Pass":
      case "Succeed":
        return { type: raw["Type"], name, ...this.#transition(raw) };
      case "Fail":
        return { type: "Fail", name, ...this.#templates(raw, { error: "Error", cause: "Cause" }) };
      case "Wait":
        return { type: "Wait", name, ...this.#transition(raw), ...this.#templates(raw, { seconds: "Seconds", timestamp: "Timestamp" }) };
      case "Choice":
        return {
          type: "Choice",
          name,
          rules: (raw["Choices"] as Raw[]).map((rule, index) => this.#rule(rule, index)),
          ...(raw["Default"] === undefined ? {} : { otherwise: { ...this.#transition(raw), next: raw["Default"] as string } }),
        };
      case "Task":
        return this.#task(name, raw);
      case "Parallel":
        return {
          type: "Parallel",
          name,
          ...this.#transition(raw),
          ...this.#guarded(raw),
          ...this.#templates(raw, { arguments: "Arguments" }),
          branches: (raw["Branches"] as Raw[]).map((branch, index) => within(`Branches[${index}]`, () => this.#flow(branch))),
        };
      case "Map":
        return this.#map(name, raw);
      default:
        throw new TypeError(`state ${name}: type ${String(raw["Type"])} passed validation`);
    }
  }

  #rule(rule: Raw, index: number): ChoiceRule {
    const at = `Choices[${index}]/`;
    return {
      ...this.#transition(rule, at),
      condition: compileTemplate(rule["Condition"] as Json, `${at}Condition`, this.#options.sources),
    };
  }

  #task(name: string, raw: Raw): TaskState {
    const resource = raw["Resource"] as string;
    const integration = parseResource(resource);
    if (integration === undefined) throw new TypeError(`state ${name}: resource ${resource} passed validation`);
    const refusal = this.#options.refuses?.(integration);
    if (refusal !== undefined) throw notImplemented(`State "${name}": ${refusal}`);
    const roleArn = (raw["Credentials"] as Raw | undefined)?.["RoleArn"];
    return {
      type: "Task",
      name,
      resource,
      integration,
      ...this.#transition(raw),
      ...this.#guarded(raw),
      ...this.#templates(raw, { arguments: "Arguments", timeoutSeconds: "TimeoutSeconds", heartbeatSeconds: "HeartbeatSeconds" }),
      ...(roleArn === undefined ? {} : { roleArn: roleArn as string }),
    };
  }

  #map(name: string, raw: Raw): MapState {
    for (const field of distributedFields) {
      if (raw[field] !== undefined) throw notImplemented(`State "${name}": ${field} (a distributed Map)`);
    }
    const field = raw["ItemProcessor"] === undefined ? "Iterator" : "ItemProcessor";
    const processor = raw[field] as Raw;
    const mode = (processor["ProcessorConfig"] as Raw | undefined)?.["Mode"] ?? "INLINE";
    if (mode !== "INLINE") throw notImplemented(`State "${name}": a Map with Mode ${JSON.stringify(mode)}`);
    return {
      type: "Map",
      name,
      ...this.#transition(raw),
      ...this.#guarded(raw),
      ...this.#templates(raw, {
        items: "Items",
        itemSelector: "ItemSelector",
        maxConcurrency: "MaxConcurrency",
        toleratedFailureCount: "ToleratedFailureCount",
        toleratedFailurePercentage: "ToleratedFailurePercentage",
      }),
      processor: within(field, () => this.#flow(processor)),
    };
  }

  #guarded(raw: Raw): Guarded {
    return {
      retry: ((raw["Retry"] ?? []) as Raw[]).map(retrier),
      catch: ((raw["Catch"] ?? []) as Raw[]).map(
        (catcher, index): Catcher => ({
          errorEquals: catcher["ErrorEquals"] as readonly string[],
          ...this.#transition(catcher, `Catch[${index}]/`),
        }),
      ),
    };
  }

  #transition(raw: Raw, at = ""): Transition {
    const next = raw["Next"];
    return {
      ...(next === undefined ? {} : { next: next as string }),
      ...this.#templates(raw, { output: "Output", assign: "Assign" }, at),
    };
  }

  #templates<Name extends string>(raw: Raw, fields: Readonly<Record<Name, string>>, at = ""): { readonly [name in Name]?: Template } {
    const templates: { [name in Name]?: Template } = {};
    for (const [name, field] of Object.entries(fields) as [Name, string][]) {
      const value = raw[field];
      if (value !== undefined) templates[name] = compileTemplate(value, `${at}${field}`, this.#options.sources);
    }
    return templates;
  }
}

/** Defaults: Amazon States Language, "Retrying after error". */
function retrier(raw: Raw): Retrier {
  const maxDelaySeconds = raw["MaxDelaySeconds"];
  return {
    errorEquals: raw["ErrorEquals"] as readonly string[],
    intervalSeconds: (raw["IntervalSeconds"] ?? 1) as number,
    maxAttempts: (raw["MaxAttempts"] ?? 3) as number,
    backoffRate: (raw["BackoffRate"] ?? 2) as number,
    ...(maxDelaySeconds === undefined ? {} : { maxDelaySeconds: maxDelaySeconds as number }),
    fullJitter: raw["JitterStrategy"] === "FULL",
  };
}
