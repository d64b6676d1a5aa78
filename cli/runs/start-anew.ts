// The same run once more as a new one, as a command line.

import type { RunView } from "../local/follow-run.ts";
import { askedFor } from "./order-of-run.ts";
import { outputsOf } from "./outputs-of-run.ts";

export function startAnew({ view, flags }: { view: RunView; flags: string }): string {
  const admitted = outputsOf(view).AdmitRun;
  const { job = "JOB", admin, reason } = admitted ?? askedFor(view.input);
  const parameters = Object.entries(admitted?.parameters ?? {}).map(([name, value]) => ` --param ${quoted(`${name}=${value}`)}`);
  return [
    `keyturn run ${job}`,
    ...(admin === undefined ? [] : [` --admin ${quoted(admin)}`]),
    ...parameters,
    ...(reason === undefined ? [] : [` --reason ${quoted(reason)}`]),
    flags,
  ].join("");
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
