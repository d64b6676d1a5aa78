// Task: hands the work to the runner, keeps its timeouts, and writes down what becomes of it.

import type { HistoryEventType } from "@aws-sdk/client-sfn";
import type { Json } from "../../core/canonical-json.ts";
import type { Timer } from "../clock.ts";
import { type Branch, type Data, dataOf, type Frame } from "./branch.ts";
import type { TaskState } from "./machine.ts";
import type { Integration } from "./resource.ts";
import { fits, type Run } from "./run.ts";
import { secondsOf } from "./simple-states.ts";
import { Cancelled, dataLimitExceeded, StateError, whileExecuting } from "./state-error.ts";
import type { RunningTask, TaskReport, TaskRequest } from "./task-runner.ts";
import type { Template } from "./template.ts";

interface InTask {
  readonly branch: Branch;
  readonly frame: Frame;
  readonly state: TaskState;
}

export async function runTask(run: Run, { branch, frame, state }: InTask): Promise<Data> {
  if (takesToken(state.integration)) frame.taskToken = run.world.taskToken();
  const input = state.arguments === undefined ? frame.input : dataOf(await run.evaluate(branch, frame, state.arguments));
  run.assertFits(input, state.name);
  const seconds = async (template: Template | undefined): Promise<number | undefined> =>
    template === undefined ? undefined : secondsOf(run, { branch, frame, template });
  const timeoutSeconds = await seconds(state.timeoutSeconds);
  const heartbeatSeconds = await seconds(state.heartbeatSeconds);
  const request: TaskRequest = {
    execution: run.identity,
    state: state.name,
    integration: state.integration,
    input: input.value,
    inputText: input.text,
    ...(state.roleArn === undefined ? {} : { roleArn: state.roleArn }),
    ...(frame.taskToken === undefined ? {} : { taskToken: frame.taskToken }),
  };
  try {
    run.world.tasks.check(request);
  } catch (thrown) {
    if (!(thrown instanceof StateError)) throw thrown;
    throw new StateError(thrown.error, whileExecuting(state.name, frame.enteredEventId, thrown.cause ?? ""));
  }
  return new TaskUnderWay(run, branch, { request, timeoutSeconds, heartbeatSeconds }).run();
}

const takesToken = (integration: Integration): boolean =>
  integration.kind === "activity" || (integration.kind === "service" && integration.pattern === "waitForTaskToken");

/** How a kind of task appears in the history. */
interface Events {
  readonly prefix: "LambdaFunction" | "Activity" | "Task";
  /** What every event of it tells. */
  readonly each: Readonly<Record<string, unknown>>;
  readonly scheduled: Readonly<Record<string, unknown>>;
}

function eventsOf({ integration, inputText, roleArn }: TaskRequest, region: string): Events {
  const credentials = roleArn === undefined ? {} : { taskCredentials: { roleArn } };
  switch (integration.kind) {
    case "lambda-function":
      return { prefix: "LambdaFunction", each: {}, scheduled: { resource: integration.arn, input: inputText, ...credentials } };
    case "activity":
      return { prefix: "Activity", each: {}, scheduled: { resource: integration.arn, input: inputText } };
    case "service": {
      const each = { resourceType: integration.service, resource: integration.resource };
      return { prefix: "Task", each, scheduled: { ...each, region, parameters: inputText, ...credentials } };
    }
  }
}

interface Limits {
  readonly request: TaskRequest;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
}

class TaskUnderWay implements TaskReport {
  readonly #run: Run;
  readonly #branch: Branch;
  readonly #limits: Limits;
  readonly #events: Events;
  #settle: { resolve(data: Data): void; reject(error: Error): void } | undefined;
  #heartbeat: Timer | undefined;
  /** The work goes on when the state no longer waits for it. */
  #abandoned = true;

  constructor(run: Run, branch: Branch, limits: Limits) {
    this.#run = run;
    this.#branch = branch;
    this.#limits = limits;
    this.#events = eventsOf(limits.request, run.world.region);
  }

  run(): Promise<Data> {
    const { timeoutSeconds, heartbeatSeconds, request } = this.#limits;
    const { clock, tasks } = this.#run.world;
    this.#record("Scheduled", {
      ...this.#events.scheduled,
      ...(timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds }),
      ...(heartbeatSeconds === undefined ? {} : { heartbeatInSeconds: heartbeatSeconds }),
    });
    return this.#branch.interruptible<Data>((settle) => {
      this.#settle = settle;
      const timeout =
        timeoutSeconds === undefined ? undefined : clock.at(clock.now() + timeoutSeconds * 1000, () => this.#timeOut("States.Timeout"));
      this.heartbeat();
      const running: RunningTask = tasks.start(request, this);
      return () => {
        this.#settle = undefined;
        timeout?.cancel();
        this.#heartbeat?.cancel();
        if (this.#abandoned) running.cancel();
      };
    });
  }

  started(details: { workerName?: string } = {}): void {
    if (this.#settle === undefined) return;
    const { prefix, each } = this.#events;
    this.#record("Started", prefix === "LambdaFunction" ? undefined : { ...each, ...details });
  }

  submitted(output: Json): void {
    if (this.#settle === undefined) return;
    this.#record("Submitted", { ...this.#events.each, output: JSON.stringify(output) });
  }

  succeeded(output: Json): void {
    const data = dataOf(output);
    if (!fits(data)) {
      const { integration } = this.#limits.request;
      const { error, cause } = dataLimitExceeded(integration.kind === "service" ? integration.service : integration.arn);
      this.failed(error, cause);
      return;
    }
    this.#end((settle) => {
      this.#record("Succeeded", { ...this.#events.each, output: data.text });
      settle.resolve(data);
    });
  }

  failed(error: string | undefined, cause: string | undefined, during?: "start" | "submit"): void {
    const phase = during === undefined ? "Failed" : during === "start" ? "StartFailed" : "SubmitFailed";
    this.#end((settle) => {
      this.#record(phase, { ...this.#events.each, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) });
      settle.reject(new StateError(error, cause));
    });
  }

  heartbeat(): void {
    const { heartbeatSeconds } = this.#limits;
    if (this.#settle === undefined || heartbeatSeconds === undefined) return;
    const { clock } = this.#run.world;
    this.#heartbeat?.cancel();
    this.#heartbeat = clock.at(clock.now() + heartbeatSeconds * 1000, () => this.#timeOut("States.HeartbeatTimeout"));
  }

  #timeOut(error: "States.Timeout" | "States.HeartbeatTimeout"): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#record("TimedOut", { ...this.#events.each, error });
    settle.reject(new StateError(error));
  }

  #end(finish: (settle: { resolve(data: Data): void; reject(error: Error): void }) => void): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#abandoned = false;
    try {
      finish(settle);
    } catch (error) {
      settle.reject(error instanceof Error ? error : new Cancelled());
    }
  }

  #record(what: string, details: Readonly<Record<string, unknown>> | undefined): void {
    // Every combination that comes up is a type of AWS's; TypeScript cannot see which.
    this.#run.record(this.#branch, `${this.#events.prefix}${what}` as HistoryEventType, details);
  }
}
