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
  report(report: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }): void;
  summary(result: DemoResult): void;
}

const nameWidth = 20;
const roleWidth = 26;
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
      print(stateRow(name, role, duration(durationMs), cold === undefined ? "" : cold ? "cold" : "warm"));
      if (error !== undefined) print(`    ${paint("yellow", wrap(error, { indent: 4 }))}`);
    },
    waiting: (text) => print(`  ${paint("cyan", wrap(text, { indent: 2 }))}`),
    refused,
    lines: (lines) => {
      for (const line of lines) print(`  ${paint("dim", "│")} ${wrap(line, { indent: 4 })}`);
    },
    report: ({ columns, rows }) => print(table([columns, ...rows])),
    summary: ({ run, status, states, job, outputs, refusals, timings }) => {
      print(`\n${paint("bold", "What is left of it")}`);
      const { synthMs, readyMs, runMs } = timings;
      print(
        table([
          [
            "run",
            `${run}: ${status.toLowerCase()}, ${states.length} states, exit code ${job.exitCode}, ${job.attempts === 1 ? "1 attempt" : `${job.attempts} attempts`}`,
          ],
          ...outputs.map(({ bucket, key, bytes: size }, index) => [index === 0 ? "written" : "", `s3://${bucket}/${key} (${bytes(size)})`]),
          ["times", `synthesis ${duration(synthMs)}, ready ${duration(readyMs)} after it, run ${duration(runMs)}`],
        ]),
      );
      print(`\n${paint("bold", "What was refused on the way")}`);
      for (const { what, error } of refusals) refused(what, error);
      print(`\nThe emulator is stopped and nothing of this was kept. To look around yourself: npx keyturn local start`);
    },
  };
}

const nothing = (): void => {};

export const silentScreen: DemoScreen = {
  heading: nothing,
  done: nothing,
  states: nothing,
  state: nothing,
  waiting: nothing,
  refused: nothing,
  lines: nothing,
  report: nothing,
  summary: nothing,
};
