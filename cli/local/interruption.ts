// Ctrl-C, kill and a reader that has gone as an AbortSignal, so that what was started is ended in order before the process leaves.

export interface Interruption {
  readonly signal: AbortSignal;
  /** Settles when somebody interrupts. */
  readonly happened: Promise<void>;
  /** What it was, once it has happened. */
  readonly by: NodeJS.Signals | undefined;
  /** Gives the signals back to Node. */
  release(): void;
}

/** cli/keyturn.mjs hands a signal on that the terminal may have sent already. */
const sameForMs = 1000;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const release = (): void => {
    for (const name of signals) process.off(name, interrupt);
  };
  let by: NodeJS.Signals | undefined;
  const interrupt = (name: NodeJS.Signals): void => {
    by ??= name;
    // Ctrl-C once more ends the process at once, in case ending in order hangs; what comes straight away is the same Ctrl-C again.
    if (!controller.signal.aborted) setTimeout(release, sameForMs).unref();
    controller.abort();
    resolve();
  };
  for (const name of signals) process.on(name, interrupt);
  // `| head`: nobody reads on. Never taken off again, for what is still printed fails likewise.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interrupt("SIGPIPE");
  });
  return {
    signal: controller.signal,
    happened: promise,
    get by() {
      return by;
    },
    release,
  };
}
