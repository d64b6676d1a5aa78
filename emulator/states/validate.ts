// Checks a definition's form as CreateStateMachine does, before anything of it is compiled.

import { ownMember } from "../own-member.ts";
import type { Diagnostic } from "./diagnostics.ts";
import {
  branchFields,
  catcherFields,
  type Fields,
  type FieldType,
  jsonPathFields,
  machineFields,
  processorFields,
  requiredFields,
  retrierFields,
  ruleFields,
  stateFields,
} from "./fields.ts";
import { parseInstant } from "./instant.ts";
import { isQuery } from "./query.ts";
import { parseResource } from "./resource.ts";

type Raw = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);
const isQueryText = (value: unknown): boolean => typeof value === "string" && isQuery(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

const fits: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  count: (value) => isCount(value) || isQueryText(value),
  percentage: (value) => (typeof value === "number" && value >= 0 && value <= 100) || isQueryText(value),
  number: (value) => typeof value === "number",
  "text-or-query": (value) => typeof value === "string",
  list: Array.isArray,
  object: isObject,
  "list-or-query": (value) => Array.isArray(value) || isQueryText(value),
  any: () => true,
};

const wanted: Readonly<Record<FieldType, string>> = {
  text: "a string",
  flag: "a boolean",
  count: "a non-negative integer or a JSONata expression",
  percentage: "a number from 0 to 100 or a JSONata expression",
  number: "a number",
  "text-or-query": "a string",
  list: "an array",
  object: "an object",
  "list-or-query": "an array or a JSONata expression",
  any: "any value",
};

/** All faults of a definition; empty where it can be compiled. */
export function validateDefinition(definition: unknown): Diagnostic[] {
  const checker = new Checker();
  checker.machine(definition);
  return checker.diagnostics;
}

class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly #stateNames = new Set<string>();

  machine(machine: unknown): void {
    if (!isObject(machine)) {
      this.#fault("Definition must be a valid JSON object", "/");
      return;
    }
    const topIsJsonata = machine["QueryLanguage"] === "JSONata";
    this.#flow(machine, { at: "", fields: machineFields, topIsJsonata });
  }

  #flow(flow: Raw, { at, fields, topIsJsonata }: { at: string; fields: Fields; topIsJsonata: boolean }): void {
    this.#fields(flow, fields, at);
    const missing = ["States", "StartAt"].filter((name) => flow[name] === undefined);
    if (missing.length > 0) this.#missing(missing.join(", "), at);
    const states = flow["States"];
    if (!isObject(states)) return;
    const isJsonata = topIsJsonata || flow["QueryLanguage"] === "JSONata";
    const targets = new Set<string>();
    const startAt = flow["StartAt"];
    if (typeof startAt === "string") this.#target(startAt, { states, targets, at: `${at}/StartAt`, field: "StartAt" });
    for (const [name, state] of Object.entries(states))
      this.#state(name, state, { at: `${at}/States/${name}`, states, targets, isJsonata });
    for (const name of Object.keys(states)) {
      if (!targets.has(name)) {
        this.#add("MISSING_TRANSITION_TARGET", `State "${name}" is not reachable.`, `${at}/States/${name}`);
      }
    }
    const endings = Object.values(states).filter(
      (state) => isObject(state) && (state["End"] === true || state["Type"] === "Succeed" || state["Type"] === "Fail"),
    );
    if (endings.length === 0)
      this.#add("MISSING_END_STATE", "No state ends the flow; set End to true or add a Succeed or Fail state", `${at}/States`);
  }

  #state(name: string, state: unknown, of: { at: string; states: Raw; targets: Set<string>; isJsonata: boolean }): void {
    const { at } = of;
    if (!isObject(state)) {
      this.#fault("A state must be an object", at);
      return;
    }
    if (name.length > 80) this.#fault("A state name has at most 80 characters", at);
    if (this.#stateNames.has(name)) this.#add("DUPLICATE_STATE_NAME", `Duplicate State name: ${name}`, at);
    this.#stateNames.add(name);
    const isJsonata = state["QueryLanguage"] === undefined ? of.isJsonata : state["QueryLanguage"] === "JSONata";
    if (!isJsonata && of.isJsonata) {
      this.#fault("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at);
      return;
    }
    if (!isJsonata) {
      this.#fault(`State "${name}" uses JSONPath, which this emulator does not run: set "QueryLanguage": "JSONata"`, at);
      return;
    }
    const type = state["Type"];
    if (typeof type !== "string") {
      this.#missing("Type", at);
      return;
    }
    const fields = ownMember(stateFields, type);
    if (fields === undefined) {
      this.#fault(`Value is not valid: ${type}`, `${at}/Type`);
      return;
    }
    this.#fields(state, fields, at);
    for (const field of requiredFields[type] ?? []) if (state[field] === undefined) this.#missing(field, at);
    this.#leaving(state, of);
    this.#handlers(state, of);
    this.#byType(type, state, of);
  }

  #leaving(state: Raw, { at, states, targets }: { at: string; states: Raw; targets: Set<string> }): void {
    const type = state["Type"];
    if (type !== "Choice" && type !== "Succeed" && type !== "Fail") {
      const [next, end] = [state["Next"], state["End"]];
      if (next === undefined && end !== true) this.#fault("These fields are required: one of [Next, End]", at);
      if (next !== undefined && end === true) this.#fault("A state has either Next or End, not both", at);
    }
    for (const field of ["Next", "Default"]) {
      const target = state[field];
      if (typeof target === "string") this.#target(target, { states, targets, at: `${at}/${field}`, field });
    }
  }

  #handlers(state: Raw, of: { at: string; states: Raw; targets: Set<string> }): void {
    this.#entries(state["Retry"], `${of.at}/Retry`, (retrier, at) => {
      this.#fields(retrier, retrierFields, at);
      this.#errorEquals(retrier, at);
    });
    this.#entries(state["Catch"], `${of.at}/Catch`, (catcher, at) => {
      this.#fields(catcher, catcherFields, at);
      this.#errorEquals(catcher, at);
      this.#rule(catcher, { ...of, at });
    });
    this.#entries(state["Choices"], `${of.at}/Choices`, (rule, at) => {
      this.#fields(rule, ruleFields, at);
      if (rule["Condition"] === undefined) this.#missing("Condition", at);
      else if (typeof rule["Condition"] !== "boolean" && !isQueryText(rule["Condition"])) {
        this.#fault("Expected value of type boolean or a JSONata expression", `${at}/Condition`);
      }
      this.#rule(rule, { ...of, at });
    });
    if (Array.isArray(state["Choices"]) && state["Choices"].length === 0) this.#fault("Choices must not be empty", `${of.at}/Choices`);
  }

  #rule(rule: Raw, { at, states, targets }: { at: string; states: Raw; targets: Set<string> }): void {
    const target = rule["Next"];
    if (target === undefined) this.#missing("Next", at);
    if (typeof target === "string") this.#target(target, { states, targets, at: `${at}/Next`, field: "Next" });
  }

  #errorEquals(handler: Raw, at: string): void {
    const names = handler["ErrorEquals"];
    if (names === undefined) {
      this.#missing("ErrorEquals", at);
      return;
    }
    if (!Array.isArray(names)) return;
    if (names.length === 0 || !names.every((name) => typeof name === "string")) {
      this.#fault("ErrorEquals must be a non-empty array of strings", `${at}/ErrorEquals`);
      return;
    }
    if (names.includes("States.ALL") && names.length > 1) this.#fault("States.ALL must appear alone", `${at}/ErrorEquals`);
  }

  #byType(type: string, state: Raw, { at, isJsonata }: { at: string; isJsonata: boolean }): void {
    if (type === "Task") {
      const resource = state["Resource"];
      if (typeof resource === "string" && parseResource(resource) === undefined) {
        this.#fault("Value is not a valid resource ARN", `${at}/Resource`);
      }
      const credentials = state["Credentials"];
      if (isObject(credentials) && (typeof credentials["RoleArn"] !== "string" || isQueryText(credentials["RoleArn"]))) {
        this.#fault("RoleArn must be the ARN of a role; this emulator takes no expression there", `${at}/Credentials`);
      }
    }
    if (type === "Wait" && (state["Seconds"] === undefined) === (state["Timestamp"] === undefined)) {
      this.#fault("These fields are required: exactly one of [Seconds, Timestamp]", at);
    }
    const timestamp = state["Timestamp"];
    if (type === "Wait" && typeof timestamp === "string" && !isQuery(timestamp) && parseInstant(timestamp) === undefined) {
      this.#fault("String does not match RFC3339 timestamp", `${at}/Timestamp`);
    }
    if (type === "Parallel") {
      this.#entries(state["Branches"], `${at}/Branches`, (branch, where) =>
        this.#flow(branch, { at: where, fields: branchFields, topIsJsonata: isJsonata }),
      );
    }
    if (type === "Map") {
      const field = state["ItemProcessor"] === undefined ? "Iterator" : "ItemProcessor";
      const processor = state[field];
      if (processor === undefined) {
        this.#missing("ItemProcessor", at);
        return;
      }
      if (isObject(processor)) this.#flow(processor, { at: `${at}/${field}`, fields: processorFields, topIsJsonata: isJsonata });
    }
  }

  #entries(list: unknown, at: string, check: (entry: Raw, at: string) => void): void {
    if (!Array.isArray(list)) return;
    for (const [index, entry] of list.entries()) {
      if (isObject(entry)) check(entry, `${at}[${index}]`);
      else this.#fault("Expected value of type object", `${at}[${index}]`);
    }
  }

  #fields(part: Raw, fields: Fields, at: string): void {
    for (const [name, value] of Object.entries(part)) {
      const type = ownMember(fields, name);
      if (type === undefined) {
        const why = jsonPathFields.has(name) ? `The field '${name}' is not supported in JSONata mode` : `Field '${name}' is not supported`;
        this.#fault(why, `${at}/${name}`);
      } else if (!fits[type](value)) this.#fault(`Expected value of type ${wanted[type]}`, `${at}/${name}`);
    }
  }

  #target(target: string, of: { states: Raw; targets: Set<string>; at: string; field: string }): void {
    of.targets.add(target);
    if (!Object.hasOwn(of.states, target)) this.#add("MISSING_TRANSITION_TARGET", `Missing '${of.field}' target: ${target}`, of.at);
  }

  #missing(field: string, at: string): void {
    this.#fault(`These fields are required: [${field}]`, at === "" ? "/" : at);
  }

  #fault(message: string, location: string): void {
    this.#add("SCHEMA_VALIDATION_FAILED", message, location);
  }

  #add(code: Diagnostic["code"], message: string, location: string): void {
    this.diagnostics.push({ severity: "ERROR", code, message, location });
  }
}
