// How the demo looks to a person: one line per state as it happens, aligned, at most 100 columns.

import { bytes, type Colours, duration, table, wrap } from "../terminal.ts";
import type { ShownState } from "./demo-acts.ts";
import type { DemoResult } from "./demo-result.ts";

/** What the demo tells as it goes; the silent one of `--json` tells nothing. */
export interface DemoScreen {
  heading(text: string): void;
  done(what: string, detail: string): void;
  states(): void;
  state(state: ShownState): void;
  waiting(text: string): void;
  refused(what: string, error: string): void;
  lines(lines: readonly string[]): void;
  /** Not to be touched: a QR code. */
  picture(text: string): void;
  /** A heading and rows. */
  report(rows: readonly (readonly string[])[]): void;
  summary(result: DemoResult): void;
}

const mostRows = 51;
const nameWidth = 21;
const roleWidth = 27;
const durationWidth = 9;

export function humanScreen({ print, colours }: { print: (text: string) => void; colours: Colours }): DemoScreen {
  const { paint } = colours;
  const stateRow = (name: string, role: string, took: string, start: string): string =>
    `  ${name.padEnd(nameWidth)}${role.padEnd(roleWidth)}${took.padStart(durationWidth)}  ${start}`.trimEnd();
  const refused = (what: string, error: string): void => {
    print(`  ${paint("yellow", "refused")}  ${wrap(what, { indent: 11 })}`);
    print(`           ${paint("dim", wrap(error, { indent: 11 }))}`);
  };
  return {
    heading: (text) => print(`\n${paint("bold", wrap(text))}`),
    done: (what, detail) => print(`  ${paint("green", "done")}  ${what.padEnd(12)}${wrap(detail, { indent: 20 })}`),
    states: () => print(paint("dim", stateRow("STATE", "INVOKED UNDER", "DURATION", "START"))),
    state: ({ name, role, durationMs, cold, error }) => {
      const start = cold === undefined ? "" : cold ? "cold" : "warm";
      print(
        stateRow(name, role, duration(durationMs), error === undefined ? start : `${start.padEnd(6)}${paint("yellow", errorName(error))}`),
      );
    },
    waiting: (text) => print(`  ${paint("cyan", wrap(text, { indent: 2 }))}`),
    refused,
    lines: (lines) => {
      const bar = paint("dim", "│");
      for (const line of lines) print(`  ${bar} ${wrap(line, { indent: 4 }).replaceAll("\n    ", `\n  ${bar} `)}`);
    },
    picture: (text) => print(text),
    report: (rows) => {
      print(table(rows.slice(0, mostRows)));
      if (rows.length > mostRows) print(`  … and ${rows.length - mostRows} more in the report.`);
    },
    summary: ({ run, status, states, job, outputs, refusals, timings }) => {
      const { synthMs, readyMs, runMs } = timings;
      print(`\n${paint("bold", "What is left of it")}`);
      print(
        table([
          ["run", `${run} ${status.toLowerCase()}: ${states.length} states, exit code ${job.exitCode}, ${count(job.attempts, "attempt")}`],
          ["times", `synthesis ${duration(synthMs)}, ready ${duration(readyMs)} after it, run ${duration(runMs)}`],
          ...outputs.map(({ key, bytes: size }, index) => [index === 0 ? "written" : "", `${key.split("/").at(-1)}, ${bytes(size)}`]),
        ]),
      );
      // On lines of their own: they are long, and people copy them.
      for (const place of new Set(outputs.map(({ bucket, key }) => `s3://${bucket}/${key.slice(0, key.lastIndexOf("/") + 1)}`)))
        print(`  in ${place}`);
      print(`\n${paint("bold", "What was refused on the way")}`);
      print(table(refusals.map(({ what, error }) => [what, errorName(error)])));
      print("\nEverything is stopped and nothing was kept. To look around yourself: npx keyturn local start");
    },
  };
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? "" : "s"}`;

/** `MfaRejected` of `MfaRejected: Run …`; the launcher's line begins with its own name. */
const errorName = (error: string): string => error.split(": ").find((part) => /^[A-Z]\w+$/.test(part)) ?? error;

const nothing = (): void => {};

export const silentScreen: DemoScreen = {
  heading: nothing,
  done: nothing,
  states: nothing,
  state: nothing,
  waiting: nothing,
  refused: nothing,
  lines: nothing,
  picture: nothing,
  report: nothing,
  summary: nothing,
};
