// One execution environment of a function: a process that takes one event at a time and dies of its first crash.

import { fileURLToPath } from "node:url";
import type { Child, ChildProcesses, Exit } from "./child-processes.ts";
import { readLines } from "./output-lines.ts";
import type { RuntimeApi, RuntimeEndpoint, RuntimeEvent } from "./runtime-api.ts";

/** How one event ended. `exit`: the process ended before it answered; `killed`: `kill` was called. */
export type Outcome =
  | { readonly kind: "response"; readonly payload: Buffer }
  | { readonly kind: "error"; readonly payload: Buffer }
  | { readonly kind: "exit"; readonly exit: Exit }
  | { readonly kind: "killed" };

/** How the process came up: ready for events, or not, and then it is gone. */
export type Init = { readonly kind: "ready" } | Exclude<Outcome, { readonly kind: "response" }>;

export interface LambdaProcessOptions {
  readonly processes: ChildProcesses;
  readonly runtimeApi: RuntimeApi;
  /** The folder with the function's code; also the working directory. */
  readonly taskRoot: string;
  /** Without `AWS_LAMBDA_RUNTIME_API`, which is added here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** What an event leaves behind is small, and Node would let it grow to tens of megabytes in each process before it looks. In MB. */
const smallYoungGeneration = "--max-semi-space-size=2";

const bootstrap = fileURLToPath(new URL("./lambda-bootstrap.mjs", import.meta.url));

export class LambdaProcess {
  readonly init: Promise<Init>;
  /** Settles when the process has gone, for whatever reason. */
  readonly ended: Promise<Exit>;
  readonly #child: Child;
  readonly #endpoint: RuntimeEndpoint;
  #settleInit: ((init: Init) => void) | undefined;
  #give: ((event: RuntimeEvent) => void) | undefined;
  #current: { readonly event: RuntimeEvent; settle(outcome: Outcome): void } | undefined;
  #how: Extract<Outcome, { readonly kind: "exit" | "killed" }> | undefined;
  #isKilled = false;

  /** Throws `StartFailure`. */
  static async start(options: LambdaProcessOptions): Promise<LambdaProcess> {
    let started: LambdaProcess | undefined;
    const tell = (what: (to: LambdaProcess) => void): void => {
      if (started !== undefined) what(started);
    };
    const endpoint = await options.runtimeApi.open({
      onReady: (give) => tell((to) => to.#onReady(give)),
      onInitError: (body) => tell((to) => to.#onInitError(body)),
      onResponse: (requestId, payload) => tell((to) => to.#answer(requestId, { kind: "response", payload })),
      onError: (requestId, payload) => tell((to) => to.#answer(requestId, { kind: "error", payload })),
    });
    try {
      const child = await options.processes.start({
        file: process.execPath,
        arguments: [smallYoungGeneration, bootstrap],
        environment: { ...options.environment, AWS_LAMBDA_RUNTIME_API: endpoint.address },
        folder: options.taskRoot,
      });
      started = new LambdaProcess(child, endpoint, options.onLine);
      return started;
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  private constructor(child: Child, endpoint: RuntimeEndpoint, onLine: (line: string) => void) {
    this.#child = child;
    this.#endpoint = endpoint;
    this.ended = child.ended;
    this.init = new Promise((resolve) => {
      this.#settleInit = resolve;
    });
    for (const stream of [child.stdout, child.stderr]) readLines(stream, (line) => onLine(line.replaceAll("\r", "\n")));
    void child.ended.then((exit) => this.#onEnded(exit));
  }

  /**
   * Hands over one event, now or when the process next asks; a process has one event at a time.
   * The process has printed all its lines for the event when this settles.
   */
  async invoke(event: RuntimeEvent): Promise<Outcome> {
    if (this.#current !== undefined) throw new Error(`process ${this.#child.pid} was given an event while it had one`);
    const outcome = await new Promise<Outcome>((settle) => {
      this.#current = { event, settle };
      if (this.#how !== undefined) settle(this.#how);
      else this.#hand();
    });
    this.#current = undefined;
    // The answer and the lines before it come by different pipes: one turn of the event loop reads both.
    await new Promise((resolve) => setImmediate(resolve));
    return outcome;
  }

  /** Kills the process and settles when it has gone. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  #onReady(give: (event: RuntimeEvent) => void): void {
    this.#give = give;
    this.#settle({ kind: "ready" });
    this.#hand();
  }

  #hand(): void {
    if (this.#current === undefined) return;
    this.#give?.(this.#current.event);
    this.#give = undefined;
  }

  #onInitError(payload: Buffer): void {
    this.#settle({ kind: "error", payload });
  }

  #answer(requestId: string, outcome: Outcome): void {
    if (this.#current?.event.requestId === requestId) this.#current.settle(outcome);
  }

  #onEnded(exit: Exit): void {
    this.#endpoint.close();
    this.#give = undefined;
    this.#how = this.#isKilled ? { kind: "killed" } : { kind: "exit", exit };
    this.#settle(this.#how);
    this.#current?.settle(this.#how);
  }

  #settle(init: Init): void {
    this.#settleInit?.(init);
    this.#settleInit = undefined;
  }
}
