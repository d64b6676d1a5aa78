// The rules of the default event bus and their targets.

import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import type { BusEvent } from "./event.ts";
import { type EventPattern, parsePattern } from "./pattern.ts";
import type { RuleTarget } from "./targets.ts";

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  /** JSON text. */
  readonly eventPattern: string;
  readonly matches: EventPattern;
  readonly isEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly targets: readonly RuleTarget[];
}

const mostTargets = 5;

export class Rules {
  readonly #environment: Environment;
  readonly #rules = new Map<string, Rule>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  arn(name: string): string {
    return `arn:aws:events:${this.#environment.region}:${this.#environment.account}:rule/${name}`;
  }

  list(): readonly Rule[] {
    return [...this.#rules.values()];
  }

  find(name: string): Rule | undefined {
    return this.#rules.get(name);
  }

  get(name: string): Rule {
    const rule = this.find(name);
    if (rule === undefined) throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
    return rule;
  }

  /** The enabled rules that this event is for. */
  matching(event: BusEvent): readonly Rule[] {
    return this.list().filter(({ isEnabled, targets, matches }) => isEnabled && targets.length > 0 && matches(event));
  }

  /** Creates the rule or replaces all of it but its targets. Throws InvalidEventPatternException. */
  put(of: Omit<Rule, "arn" | "targets" | "matches">): Rule {
    const matches = parsePattern(of.eventPattern);
    const rule = { ...of, matches, arn: this.arn(of.name), targets: this.find(of.name)?.targets ?? [] };
    this.#rules.set(of.name, rule);
    return rule;
  }

  enable(name: string, isEnabled: boolean): void {
    this.#rules.set(name, { ...this.get(name), isEnabled });
  }

  putTargets(name: string, targets: readonly RuleTarget[]): void {
    const rule = this.get(name);
    const others = rule.targets.filter(({ id }) => !targets.some((target) => target.id === id));
    if (others.length + targets.length > mostTargets) {
      throw new AwsError("LimitExceededException", `The requested resource exceeds the maximum number allowed: ${mostTargets} targets.`);
    }
    this.#rules.set(name, { ...rule, targets: [...others, ...targets] });
  }

  removeTargets(name: string, ids: readonly string[]): void {
    const rule = this.get(name);
    this.#rules.set(name, { ...rule, targets: rule.targets.filter(({ id }) => !ids.includes(id)) });
  }

  delete(name: string): void {
    if ((this.find(name)?.targets.length ?? 0) > 0) {
      throw new AwsError("ValidationException", "Rule can't be deleted since it has targets.");
    }
    this.#rules.delete(name);
  }
}
