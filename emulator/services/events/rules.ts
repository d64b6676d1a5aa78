// The rules of the default event bus. No event is delivered by one: the emulator's services tell each other directly.

import { AwsError, notImplemented } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";

export interface RuleTarget {
  readonly id: string;
  readonly arn: string;
  readonly roleArn?: string;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  /** JSON text. */
  readonly eventPattern: string;
  readonly isEnabled: boolean;
  readonly targets: readonly RuleTarget[];
}

/** The rule by which Step Functions learns of jobs' ends for `.sync`; here Batch tells it directly, so its targets need no delivery. */
const managedRuleName = "StepFunctionsGetEventsForBatchJobsRule";

/** Refuses a target whose events would silently never come. */
export function assertDeliverable(ruleName: string, targetArn: string): void {
  if (ruleName === managedRuleName) return;
  throw notImplemented(`The target ${targetArn} of the EventBridge rule ${ruleName}`);
}

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

  get(name: string): Rule {
    const rule = this.#rules.get(name);
    if (rule === undefined) throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
    return rule;
  }

  /** Creates the rule or replaces all of it but its targets. */
  put(of: Omit<Rule, "arn" | "targets">): Rule {
    try {
      JSON.parse(of.eventPattern);
    } catch (cause) {
      throw new AwsError("InvalidEventPatternException", "Event pattern is not valid. Reason: not JSON", { cause });
    }
    const rule = { ...of, arn: this.arn(of.name), targets: this.#rules.get(of.name)?.targets ?? [] };
    this.#rules.set(of.name, rule);
    return rule;
  }

  putTargets(name: string, targets: readonly RuleTarget[]): void {
    const rule = this.get(name);
    const others = rule.targets.filter(({ id }) => !targets.some((target) => target.id === id));
    this.#rules.set(name, { ...rule, targets: [...others, ...targets] });
  }

  removeTargets(name: string, ids: readonly string[]): void {
    const rule = this.get(name);
    this.#rules.set(name, { ...rule, targets: rule.targets.filter(({ id }) => !ids.includes(id)) });
  }

  delete(name: string): void {
    const rule = this.#rules.get(name);
    if ((rule?.targets.length ?? 0) > 0) throw new AwsError("ValidationException", "Rule can't be deleted since it has targets.");
    this.#rules.delete(name);
  }
}
