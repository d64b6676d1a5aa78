// Starting an account takes more memory than having one: templates read, hundreds of modules parsed, a heap that has grown for them.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's collector, as `--expose-gc` gives it; `last-resort` also shrinks the heap. Source: "GC flags", V8's `gc-extension.cc`. */
type Collect = (how: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Gives back what the process no longer needs. Takes some 70 ms in which nothing else happens: for when it has nothing to do. */
export function giveBackMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
