// Gives back what busy times took: starting an account and running jobs need more memory than an account that waits.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's collector, as `--expose-gc` gives it; `last-resort` also shrinks the heap. Source: V8's `gc-extension.cc`. */
type Collect = (how: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

const intervalMs = 1000;
/** Processor time in an interval above which the process has something to do. */
const busyMs = 20;

/** Watches this process until it ends; after each busy time, once, it collects: some 70 ms for a new account, more for a full one. */
export function giveBackMemoryWhenIdle(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  let before = process.cpuUsage();
  let wasBusy = true;
  const look = (): void => {
    const { user, system } = process.cpuUsage(before);
    const isBusy = (user + system) / 1000 > busyMs;
    if (wasBusy && !isBusy) collect({ type: "major", execution: "sync", flavor: "last-resort" });
    wasBusy = isBusy;
    before = process.cpuUsage();
  };
  setInterval(look, intervalMs).unref();
}
