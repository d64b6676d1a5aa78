// The state machines of the account: their definitions compiled, their roles and keys checked when they are made.

import type { EncryptionConfiguration, LoggingConfiguration, TracingConfiguration } from "@aws-sdk/client-sfn";
import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import { compileDefinition } from "../../states/compile.ts";
import type { Machine } from "../../states/machine.ts";
import type { MachineKey } from "./machine-key.ts";
import { refusedIntegration, usesJobs } from "./modelled-tasks.ts";
import { assertName } from "./names.ts";

export interface StateMachineDefinition {
  readonly name: string;
  /** JSON text. */
  readonly definition: string;
  readonly roleArn: string;
  readonly logging: LoggingConfiguration;
  readonly tracing: TracingConfiguration;
  readonly encryption: EncryptionConfiguration;
}

/** One state machine as it is now; an update makes a new one, so that running executions keep theirs. */
export interface StateMachine extends StateMachineDefinition {
  readonly arn: string;
  readonly createdAtMs: number;
  readonly revisionId: string | undefined;
  readonly machine: Machine;
  /** Set with a customer managed key. */
  readonly key: MachineKey | undefined;
  readonly tags: Map<string, string>;
}

export interface StateMachineChecks {
  /** Throws AccessDeniedException unless Step Functions may use the role for this machine. */
  assertRole(of: { arn: string; roleArn: string; usesJobs: boolean }): Promise<void>;
  keyOf(of: { arn: string; roleArn: string; encryption: EncryptionConfiguration }): MachineKey | undefined;
}

export const defaults = {
  logging: { level: "OFF", includeExecutionData: false } satisfies LoggingConfiguration,
  tracing: { enabled: false } satisfies TracingConfiguration,
  encryption: { type: "AWS_OWNED_KEY" } satisfies EncryptionConfiguration,
};

/** Throws where whoever makes or changes a machine may not use its key. */
export type AdmitKey = (key: MachineKey | undefined) => Promise<void>;

const noQuestions: AdmitKey = () => Promise.resolve();

export class StateMachines {
  readonly #environment: Environment;
  readonly #checks: StateMachineChecks;
  readonly #byArn = new Map<string, StateMachine>();

  constructor(environment: Environment, checks: StateMachineChecks) {
    this.#environment = environment;
    this.#checks = checks;
  }

  arnOf(name: string): string {
    const { region, account } = this.#environment;
    return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
  }

  /** Compiles as creation does; throws InvalidDefinition. */
  compile(definition: string): Machine {
    const { clock } = this.#environment;
    const sources = { now: () => clock.now(), uuid: () => this.#environment.uuid(), random: () => this.random() };
    return compileDefinition(definition, { sources, refuses: refusedIntegration });
  }

  random(): number {
    return Buffer.from(this.#environment.randomBytes(4)).readUInt32BE() / 2 ** 32;
  }

  /** The same machine again is answered with the one there is; another of its name is StateMachineAlreadyExists. */
  async create(of: StateMachineDefinition, tags: ReadonlyMap<string, string>, admit: AdmitKey = noQuestions): Promise<StateMachine> {
    assertName(of.name);
    const arn = this.arnOf(of.name);
    const existing = this.#byArn.get(arn);
    if (existing !== undefined) {
      if (existing.definition === of.definition && existing.roleArn === of.roleArn) return existing;
      throw new AwsError("StateMachineAlreadyExists", `State Machine Already Exists: '${arn}'`);
    }
    const stateMachine = await this.#made(of, {
      arn,
      createdAtMs: this.#environment.clock.now(),
      revisionId: undefined,
      tags: new Map(tags),
    });
    await admit(stateMachine.key);
    this.#byArn.set(arn, stateMachine);
    return stateMachine;
  }

  async update(arn: string, changes: Partial<StateMachineDefinition>, admit: AdmitKey): Promise<StateMachine> {
    const current = this.get(arn);
    const { createdAtMs, tags } = current;
    const updated = await this.#made({ ...current, ...changes }, { arn, createdAtMs, revisionId: this.#environment.uuid(), tags });
    await admit(updated.key);
    this.#byArn.set(arn, updated);
    return updated;
  }

  async #made(of: StateMachineDefinition, kept: Pick<StateMachine, "arn" | "createdAtMs" | "revisionId" | "tags">): Promise<StateMachine> {
    const { name, definition, roleArn, logging, tracing, encryption } = of;
    const machine = this.compile(definition);
    await this.#checks.assertRole({ arn: kept.arn, roleArn, usesJobs: usesJobs(machine) });
    const key = this.#checks.keyOf({ arn: kept.arn, roleArn, encryption });
    return { name, definition, roleArn, logging, tracing, encryption, ...kept, machine, key };
  }

  delete(arn: string): void {
    this.#byArn.delete(arn);
  }

  get(arn: string): StateMachine {
    const found = this.#byArn.get(arn);
    if (found !== undefined) return found;
    throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  }

  find(arn: string): StateMachine | undefined {
    return this.#byArn.get(arn);
  }

  list(): readonly StateMachine[] {
    return [...this.#byArn.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}
