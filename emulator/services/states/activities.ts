// Activities: work that waits in the emulator until a worker asks for it.

import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import type { TaskReport } from "../../states/task-runner.ts";
import { assertName } from "./names.ts";

interface ActivityTask {
  readonly token: string;
  readonly input: string;
  readonly report: TaskReport;
}

export interface Activity {
  readonly arn: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly tags: Map<string, string>;
}

interface Queue extends Activity {
  readonly tasks: ActivityTask[];
  readonly workers: ((task: ActivityTask) => void)[];
}

/** How long GetActivityTask waits for work (Step Functions API Reference). */
const longPollMs = 60_000;

export class Activities {
  readonly #environment: Environment;
  readonly #byArn = new Map<string, Queue>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  arnOf(name: string): string {
    const { region, account } = this.#environment;
    return `arn:aws:states:${region}:${account}:activity:${name}`;
  }

  /** The same name again is the same activity. */
  create(name: string, tags: ReadonlyMap<string, string>): Activity {
    assertName(name);
    const arn = this.arnOf(name);
    const activity = this.#byArn.get(arn) ?? {
      arn,
      name,
      createdAtMs: this.#environment.clock.now(),
      tags: new Map(tags),
      tasks: [],
      workers: [],
    };
    this.#byArn.set(arn, activity);
    return activity;
  }

  delete(arn: string): void {
    this.#byArn.delete(arn);
  }

  find(arn: string): Activity | undefined {
    return this.#byArn.get(arn);
  }

  /** Throws ActivityDoesNotExist. */
  get(arn: string): Activity {
    return this.#queue(arn);
  }

  list(): readonly Activity[] {
    return [...this.#byArn.values()];
  }

  schedule(arn: string, task: ActivityTask): { cancel(): void } {
    const queue = this.#queue(arn);
    const worker = queue.workers.shift();
    if (worker === undefined) queue.tasks.push(task);
    else worker(task);
    return {
      cancel() {
        const index = queue.tasks.indexOf(task);
        if (index >= 0) queue.tasks.splice(index, 1);
      },
    };
  }

  /** The next task, or undefined after a minute without one. */
  async take(arn: string, workerName: string | undefined): Promise<{ token: string; input: string } | undefined> {
    const queue = this.#queue(arn);
    const task = queue.tasks.shift() ?? (await this.#wait(queue));
    task?.report.started(workerName === undefined ? {} : { workerName });
    return task;
  }

  #wait(queue: Queue): Promise<ActivityTask | undefined> {
    const { clock } = this.#environment;
    return new Promise((resolve) => {
      const worker = (task: ActivityTask): void => {
        timer.cancel();
        resolve(task);
      };
      const timer = clock.at(clock.now() + longPollMs, () => {
        queue.workers.splice(queue.workers.indexOf(worker), 1);
        resolve(undefined);
      });
      queue.workers.push(worker);
    });
  }

  #queue(arn: string): Queue {
    const queue = this.#byArn.get(arn);
    if (queue === undefined) throw new AwsError("ActivityDoesNotExist", `Activity Does Not Exist: '${arn}'`);
    return queue;
  }
}
