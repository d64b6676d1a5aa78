// All executions of the account, running and ended.

import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import { Execution } from "../../states/execution.ts";
import type { World } from "../../states/run.ts";
import { payloadLimitBytes } from "../../states/state-error.ts";
import { assertName } from "./names.ts";
import type { StateMachine } from "./state-machines.ts";

/** An execution with the state machine as it was at the start. */
export interface StartedExecution {
  readonly execution: Execution;
  readonly stateMachine: StateMachine;
}

export class Executions {
  readonly #environment: Environment;
  readonly #world: World;
  readonly #byArn = new Map<string, StartedExecution>();
  readonly #ofMachine = new Map<string, StartedExecution[]>();
  readonly #onStatus: (execution: StartedExecution) => void;

  constructor(environment: Environment, { world, onStatus }: { world: World; onStatus: (execution: StartedExecution) => void }) {
    this.#environment = environment;
    this.#world = world;
    this.#onStatus = onStatus;
  }

  /** The same name and input while it runs is the same execution (StartExecution, API Reference); any other of its name is refused. */
  async start(stateMachine: StateMachine, of: { name: string | undefined; input: string | undefined }): Promise<Execution> {
    const { name = this.#environment.uuid(), input = "{}" } = of;
    assertName(name);
    assertInput(input);
    const { region, account } = this.#environment;
    const executionArn = `arn:aws:states:${region}:${account}:execution:${stateMachine.name}:${name}`;
    const existing = this.#running(executionArn, input);
    if (existing !== undefined) return existing;
    await stateMachine.key?.seal();
    // Another call may have started it while the key was asked for.
    const meanwhile = this.#running(executionArn, input);
    if (meanwhile !== undefined) return meanwhile;
    const execution = new Execution({
      machine: stateMachine.machine,
      identity: {
        executionArn,
        name,
        stateMachineArn: stateMachine.arn,
        stateMachineName: stateMachine.name,
        roleArn: stateMachine.roleArn,
      },
      inputText: input,
      world: this.#world,
    });
    const started = { execution, stateMachine };
    this.#byArn.set(executionArn, started);
    const siblings = this.#ofMachine.get(stateMachine.arn);
    if (siblings === undefined) this.#ofMachine.set(stateMachine.arn, [started]);
    else siblings.push(started);
    this.#follow(started);
    return execution;
  }

  #running(executionArn: string, input: string): Execution | undefined {
    const existing = this.#byArn.get(executionArn)?.execution;
    if (existing === undefined) return undefined;
    if (existing.status === "RUNNING" && existing.inputText === input) return existing;
    throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${executionArn}'`);
  }

  redrive(started: StartedExecution): void {
    started.execution.redrive();
    this.#follow(started);
  }

  #follow(started: StartedExecution): void {
    this.#onStatus(started);
    void started.execution.ended.then(() => this.#onStatus(started));
  }

  get(executionArn: string | undefined): StartedExecution {
    const found = this.#byArn.get(executionArn ?? "");
    if (found === undefined) throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${executionArn ?? ""}'`);
    return found;
  }

  /** Newest first. */
  list(stateMachineArn: string): readonly Execution[] {
    return (this.#ofMachine.get(stateMachineArn) ?? []).map(({ execution }) => execution).reverse();
  }
}

function assertInput(input: string): void {
  if (Buffer.byteLength(input) > payloadLimitBytes) {
    const message = `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${payloadLimitBytes}`;
    throw new AwsError("ValidationException", message);
  }
  try {
    JSON.parse(input);
  } catch (cause) {
    throw new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${(cause as Error).message}'`, { cause });
  }
}
