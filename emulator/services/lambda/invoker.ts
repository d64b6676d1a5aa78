// Carries events to a function's processes and what comes of them back, in the words that Lambda uses.

import { AwsError } from "../../aws-error.ts";
import type { LogStream } from "../../processes/log-stream.ts";
import type { StartGate } from "../../processes/start-gate.ts";
import type { RoleSession } from "../../service.ts";
import { type Answer, describeOutcome } from "./answer.ts";
import { EnvironmentPool } from "./environment-pool.ts";
import { type ExecutionDependencies, ExecutionEnvironment, InitFailure } from "./execution-environment.ts";
import { FunctionSession, type SessionDependencies } from "./function-session.ts";
import type { FunctionDefinition } from "./functions.ts";
import { type InvocationReport, reportLines, startLine } from "./invocation-log.ts";

export interface InvocationEvent {
  readonly requestId: string;
  /** As the caller named it, qualifier included. */
  readonly invokedArn: string;
  /** JSON text. */
  readonly payload: Uint8Array;
  readonly clientContext?: string;
}

/** A finished event. `payload` is the answer, or the description of the error when `isError`. */
export interface InvocationResult {
  readonly payload: Uint8Array;
  readonly isError: boolean;
  /** Everything that was logged for this event, Lambda's own lines included. */
  readonly log: string;
}

/** What the emulator's telemetry learns of each event. Durations are real time, whatever the emulator's clock shows. */
export interface Invocation {
  readonly functionName: string;
  readonly version: string;
  readonly requestId: string;
  readonly cold: boolean;
  /** 0 for warm starts. */
  readonly initMs: number;
  readonly durationMs: number;
  readonly status: InvocationReport["status"];
}

export interface InvokerDependencies extends ExecutionDependencies, SessionDependencies {
  readonly gate: StartGate;
  readonly onInvocation?: (invocation: Invocation) => void;
}

/** All processes of one version of one function. */
export class Invoker {
  readonly #definition: FunctionDefinition;
  readonly #dependencies: InvokerDependencies;
  readonly #pool: EnvironmentPool;
  readonly #session: FunctionSession;
  readonly #logs = new Set<LogStream>();
  #running = 0;
  #nextSubnet = 0;

  constructor(definition: FunctionDefinition, dependencies: InvokerDependencies) {
    this.#definition = definition;
    this.#dependencies = dependencies;
    const session = new FunctionSession(definition, dependencies);
    this.#session = session;
    this.#pool = new EnvironmentPool({
      gate: dependencies.gate,
      isUsable: (environment) => environment.isAlive && session.isFresh(environment.session),
      start: async () => {
        const subnetIds = definition.vpc?.subnetIds;
        const subnetId = subnetIds?.[this.#nextSubnet++ % subnetIds.length];
        const started = await ExecutionEnvironment.start(definition, { functionSession: session, subnetId }, dependencies);
        this.#logs.add(started.log);
        void started.process.ended.then(() => started.log.flushed()).then(() => this.#logs.delete(started.log));
        return started;
      },
    });
  }

  get version(): string {
    return this.#definition.version;
  }

  /** For what Lambda itself does under the function's role. */
  session(): Promise<RoleSession> {
    return this.#session.get();
  }

  /** Throws TooManyRequestsException, and what Lambda answers where no process could be started. */
  async invoke(event: InvocationEvent): Promise<InvocationResult> {
    const { reservedConcurrency } = this.#definition;
    if (reservedConcurrency !== undefined && this.#running >= reservedConcurrency) throw throttled();
    this.#running += 1;
    try {
      return await this.#run(event, await this.#pool.acquire());
    } catch (error) {
      if (error instanceof InitFailure) return this.#initFailed(event, error);
      throw error;
    } finally {
      this.#running -= 1;
    }
  }

  /** Ends the processes that wait for an event: the next one starts cold. */
  letGo(): Promise<void> {
    return this.#pool.letGo();
  }

  /** Settles when all that was logged has been delivered or lost. */
  async flushed(): Promise<void> {
    await Promise.all([...this.#logs].map((log) => log.flushed()));
  }

  async #run(event: InvocationEvent, environment: ExecutionEnvironment): Promise<InvocationResult> {
    const { clock, uuid } = this.#dependencies.environment;
    const lines: string[] = [];
    const write = (line: string): void => {
      lines.push(line);
      environment.log.write(clock.now(), line);
    };
    const start = startLine(this.#definition, { nowMs: clock.now(), requestId: event.requestId });
    if (start !== undefined) write(start);
    environment.onLine = (line) => void lines.push(line);
    const initMs = environment.isCold ? environment.initMs : undefined;
    environment.isCold = false;
    const beganAt = performance.now();
    const deadlineMs = clock.now() + this.#definition.timeoutSeconds * 1000;
    let isTimedOut = false;
    const limit = clock.at(deadlineMs, () => {
      isTimedOut = true;
      void environment.process.kill();
    });
    const outcome = await environment.process.invoke({
      requestId: event.requestId,
      functionArn: event.invokedArn,
      nowMs: clock.now(),
      deadlineMs,
      payload: event.payload,
      traceId: `Root=1-${Math.floor(clock.now() / 1000).toString(16)}-${uuid().replaceAll("-", "").slice(0, 24)};Sampled=0`,
      ...(event.clientContext === undefined ? {} : { clientContext: event.clientContext }),
    });
    limit.cancel();
    const answer = describeOutcome(outcome, { requestId: event.requestId, isTimedOut, timeoutSeconds: this.#definition.timeoutSeconds });
    const durationMs = performance.now() - beganAt;
    const report = { requestId: event.requestId, durationMs, ...(initMs === undefined ? {} : { initMs }), ...answer.report };
    for (const line of reportLines(this.#definition, { nowMs: clock.now(), ...report })) write(line);
    environment.onLine = undefined;
    if (outcome.kind === "exit" || outcome.kind === "killed") environment.isAlive = false;
    this.#pool.release(environment);
    return this.#finish(answer, report, lines);
  }

  #initFailed(event: InvocationEvent, failure: InitFailure): InvocationResult {
    const { clock } = this.#dependencies.environment;
    const answer = describeOutcome(failure.init, {
      requestId: event.requestId,
      isTimedOut: failure.init.kind === "killed",
      timeoutSeconds: this.#definition.timeoutSeconds,
    });
    const report = { requestId: event.requestId, durationMs: 0, initMs: 0, ...answer.report };
    const start = startLine(this.#definition, { nowMs: clock.now(), requestId: event.requestId });
    const lines = [...(start === undefined ? [] : [start]), ...reportLines(this.#definition, { nowMs: clock.now(), ...report })];
    for (const line of lines) failure.log.write(clock.now(), line);
    this.#logs.add(failure.log);
    void failure.log.flushed().then(() => this.#logs.delete(failure.log));
    return this.#finish(answer, report, [...failure.lines, ...lines]);
  }

  #finish(answer: Answer, report: InvocationReport, lines: readonly string[]): InvocationResult {
    this.#dependencies.onInvocation?.({
      functionName: this.#definition.name,
      version: this.#definition.version,
      requestId: report.requestId,
      cold: report.initMs !== undefined,
      initMs: report.initMs ?? 0,
      durationMs: report.durationMs,
      status: report.status,
    });
    return { payload: answer.payload, isError: answer.isError, log: lines.map((line) => `${line}\n`).join("") };
  }
}

const throttled = (): AwsError =>
  new AwsError("TooManyRequestsException", "Rate Exceeded.", {
    statusCode: 429,
    fields: { Type: "User", Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" },
  });
