// Rotates secrets: opens the windows of their schedules, leads the function through its four steps, and tries again where it failed.

import type { Timer } from "../../clock.ts";
import type { Environment } from "../../service.ts";
import { countsFromWrites, nextWindow } from "./rotation-schedule.ts";
import { moveStage, pendingVersion, type Secret, type Secrets } from "./secrets.ts";

const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
type Step = (typeof steps)[number];

/** AWS tries a failed rotation again "multiple times" and does not say when; here at these distances from one failure to the next try. */
const retryDelaysMs = [5, 15, 60, 240].map((minutes) => minutes * 60_000);

/** One attempt at a rotation as it ended, or the test of a new configuration. */
export interface RotationAttempt {
  readonly secretName: string;
  /** Id of the version that it was about. */
  readonly token: string;
  readonly isTest: boolean;
  /** From 1; a retry goes through all steps again. */
  readonly attempt: number;
  /** Absent where it succeeded. */
  readonly failure?: { readonly step: Step; readonly message: string };
}

export interface RotationDependencies {
  readonly environment: Environment;
  readonly secrets: Secrets;
  /** Invokes the function as Secrets Manager on behalf of the secret; throws what AWS answers, and where the function failed. */
  readonly invoke: (of: { functionArn: string; sourceArn: string; payload: object }) => Promise<void>;
  /** Nothing is asked of the function for a long time. */
  readonly letGo: (functionArn: string) => Promise<void>;
  readonly onRotation?: (attempt: RotationAttempt) => void;
}

/** A failed step of one attempt. */
class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly step: Step;

  constructor(step: Step, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
  }
}

interface Progress {
  /** Fires when the next attempt is due: the next rotation, or one more of a rotation that failed. */
  wait?: { readonly timer: Timer; readonly atMs: number; readonly isRetry: boolean };
  /** The token of the attempt, or of the test, that is under way. */
  underWay?: string;
  /** Changes when rotation is turned off: what is under way then stops after its step. */
  turn: number;
}

export class Rotations {
  readonly #dependencies: RotationDependencies;
  readonly #progress = new Map<Secret, Progress>();
  readonly #open = new Set<Promise<void>>();
  /** Tests of configurations come one after the other: whoever configures many secrets needs one process of the function. */
  #lastTest: Promise<void> = Promise.resolve();

  constructor(dependencies: RotationDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether an attempt with this token is under way, or a test. */
  isUnderWay(secret: Secret, token: string): boolean {
    return this.#progress.get(secret)?.underWay === token;
  }

  /** Begins a rotation now, or goes on with the one that is pending; gives its token. */
  begin(secret: Secret, token?: string): string {
    const pending = pendingVersion(secret);
    const id = pending?.id ?? token ?? this.#dependencies.environment.uuid();
    if (this.isUnderWay(secret, id)) return id;
    this.#stopWaiting(secret);
    if (pending === undefined) this.#placeholder(secret, id);
    this.#track(this.#attempt(secret, { token: id, attempt: 1 }));
    return id;
  }

  /** What Secrets Manager does with a new configuration that is not to rotate at once: a version is made, tested and removed. */
  test(secret: Secret): void {
    const token = this.#dependencies.environment.uuid();
    this.#placeholder(secret, token);
    const progress = this.#of(secret);
    progress.underWay = token;
    const test = async (): Promise<void> => {
      const failure = await this.#step(secret, { token, step: "testSecret" }).then(() => undefined, failureOf);
      secret.versions.delete(token);
      delete progress.underWay;
      this.#report(secret, { token, isTest: true, attempt: 1, failure });
    };
    const last = this.#lastTest.then(test);
    this.#lastTest = last;
    // The last of several leaves no process that waits for months.
    this.#track(last.then(() => (this.#lastTest === last ? this.#dependencies.letGo(secret.rotation?.functionArn ?? "") : undefined)));
  }

  /** Sets the timer for the next window; to be called whenever rules or dates of the secret's rotation have changed. */
  schedule(secret: Secret): void {
    const { rotation } = secret;
    this.#stopWaiting(secret);
    if (rotation?.isEnabled !== true) return;
    const { clock } = this.#dependencies.environment;
    const window = nextWindow(rotation.rules, { countsFromMs: rotation.countsFromMs, afterMs: clock.now() });
    rotation.dueAtMs = window.closesAtMs;
    this.#wakeAt(secret, { atMs: window.opensAtMs, isRetry: false }, () => this.begin(secret));
  }

  /** Somebody wrote a value: an interval counts from then. */
  written(secret: Secret): void {
    const { rotation } = secret;
    if (rotation?.isEnabled !== true || !countsFromWrites(rotation.rules)) return;
    rotation.countsFromMs = this.#dependencies.environment.clock.now();
    const { underWay, wait } = this.#of(secret);
    // A rotation that is under way, or waits to be tried again, comes to its own end.
    if (underWay === undefined && wait?.isRetry !== true) this.schedule(secret);
  }

  /** Turns rotation off; gives the version that stays pending. */
  cancel(secret: Secret): string | undefined {
    this.#stopWaiting(secret);
    this.#of(secret).turn += 1;
    if (secret.rotation !== undefined) secret.rotation.isEnabled = false;
    return pendingVersion(secret)?.id;
  }

  /** When the next attempt begins; undefined where none is set. */
  next(secret: Secret): number | undefined {
    return this.#progress.get(secret)?.wait?.atMs;
  }

  /** Whether no attempt is under way; those that wait for their time do not count. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Settles when it is so. */
  async idle(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** No attempt begins any more. */
  stop(): void {
    for (const secret of this.#progress.keys()) this.#stopWaiting(secret);
    this.#progress.clear();
  }

  async #attempt(secret: Secret, of: { token: string; attempt: number }): Promise<void> {
    const progress = this.#of(secret);
    const { turn } = progress;
    const { token, attempt } = of;
    const isOn = (): boolean => progress.turn === turn;
    progress.underWay = token;
    let failure: RotationAttempt["failure"];
    try {
      for (const step of steps) {
        if (!isOn()) return;
        await this.#step(secret, { token, step });
      }
      if (secret.versions.get(token)?.stages.has("AWSCURRENT") !== true) {
        throw new StepFailed("finishSecret", `the version ${token} did not become AWSCURRENT`);
      }
    } catch (error) {
      failure = failureOf(error);
    } finally {
      delete progress.underWay;
    }
    this.#report(secret, { token, isTest: false, attempt, failure });
    if (!isOn()) return;
    if (failure === undefined) this.#succeeded(secret, token);
    else this.#failed(secret, of);
  }

  async #step({ arn, rotation }: Secret, { token, step }: { token: string; step: Step }): Promise<void> {
    const { environment, invoke } = this.#dependencies;
    const payload = { Step: step, SecretId: arn, ClientRequestToken: token, RotationToken: environment.uuid() };
    try {
      await invoke({ functionArn: rotation?.functionArn ?? "", sourceArn: arn, payload });
    } catch (error) {
      throw new StepFailed(step, error);
    }
  }

  #succeeded(secret: Secret, token: string): void {
    // AWS cleans it up itself, once the function has done its part.
    secret.versions.get(token)?.stages.delete("AWSPENDING");
    if (secret.rotation === undefined) return;
    secret.rotation.countsFromMs = this.#dependencies.environment.clock.now();
    secret.rotation.lastRotatedAtMs = secret.rotation.countsFromMs;
    this.schedule(secret);
  }

  #failed(secret: Secret, { token, attempt }: { token: string; attempt: number }): void {
    const { clock } = this.#dependencies.environment;
    const delayMs = retryDelaysMs[attempt - 1];
    // Also of a version that is in force: only the end of a rotation takes the label off.
    const isPending = (): boolean => secret.versions.get(token)?.stages.has("AWSPENDING") === true;
    if (delayMs !== undefined) {
      this.#wakeAt(secret, { atMs: clock.now() + delayMs, isRetry: true }, () => {
        // Somebody has taken AWSPENDING off, so there is nothing to go on with.
        if (isPending()) this.#track(this.#attempt(secret, { token, attempt: attempt + 1 }));
        else this.schedule(secret);
      });
      return;
    }
    const { dueAtMs } = secret.rotation ?? {};
    this.schedule(secret);
    // Until it succeeds, the date says when it should have.
    if (secret.rotation !== undefined && dueAtMs !== undefined) secret.rotation.dueAtMs = dueAtMs;
  }

  /** The version that stands for a rotation from its beginning; it has no value. */
  #placeholder(secret: Secret, id: string): void {
    const version = { id, createdAtMs: this.#dependencies.environment.clock.now(), stages: new Set<string>() };
    secret.versions.set(id, version);
    moveStage(secret, "AWSPENDING", version);
  }

  #wakeAt(secret: Secret, { atMs, isRetry }: { atMs: number; isRetry: boolean }, wake: () => void): void {
    const timer = this.#dependencies.environment.clock.at(atMs, () => {
      delete this.#of(secret).wait;
      if (this.#dependencies.secrets.find(secret.name) !== secret) return;
      // One that is marked for deletion is not rotated, but may be restored.
      if (secret.deletedAtMs === undefined) wake();
      else this.schedule(secret);
    });
    this.#of(secret).wait = { timer, atMs, isRetry };
  }

  #stopWaiting(secret: Secret): void {
    const progress = this.#of(secret);
    progress.wait?.timer.cancel();
    delete progress.wait;
  }

  #of(secret: Secret): Progress {
    const progress = this.#progress.get(secret) ?? { turn: 0 };
    this.#progress.set(secret, progress);
    return progress;
  }

  #track(work: Promise<void>): void {
    const open = work.finally(() => this.#open.delete(open));
    this.#open.add(open);
  }

  #report(secret: Secret, of: Omit<RotationAttempt, "secretName" | "failure"> & { failure: RotationAttempt["failure"] }): void {
    const { failure, ...rest } = of;
    this.#dependencies.onRotation?.({ secretName: secret.name, ...rest, ...(failure === undefined ? {} : { failure }) });
  }
}

function failureOf(error: unknown): { step: Step; message: string } {
  if (error instanceof StepFailed) return { step: error.step, message: error.message };
  throw error;
}
