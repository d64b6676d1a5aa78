// What people read: colour where a terminal shows it, durations in words, tables that line up.

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

export interface Colours {
  readonly enabled: boolean;
  paint(style: Style, text: string): string;
}

/** Colour only on a terminal, and never with NO_COLOR (https://no-color.org). */
export function colours(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): Colours {
  const enabled = stream.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  return { enabled, paint: (style, text) => (enabled ? styleText(style, text, { validateStream: false }) : text) };
}

/** `87 ms`, `1.4 s`, `2 min 5 s`, `1 h 30 min`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const parts =
    seconds < 3600
      ? ([
          [Math.floor(seconds / 60), "min"],
          [seconds % 60, "s"],
        ] as const)
      : ([
          [Math.floor(seconds / 3600), "h"],
          [Math.floor((seconds % 3600) / 60), "min"],
        ] as const);
  return parts
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** `2026-11-22 01:06:28 UTC`. */
export const moment = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** `312 B`, `4.1 kB`. */
export const bytes = (count: number): string => (count < 1000 ? `${count} B` : `${(count / 1000).toFixed(1)} kB`);

/** Of what people read: as wide as their terminal, and never wider than 100 columns, where lines become hard to follow. */
const lineWidth = (): number => Math.min(process.stdout.columns ?? 100, 100);

/** Columns padded to their widest cell, two spaces between; what the last cell has too much wraps under itself, so that no line passes `width`. */
export function table(
  rows: readonly (readonly string[])[],
  { indent = 2, width = lineWidth() }: { indent?: number; width?: number } = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) => {
      const start = row.slice(0, -1).map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}  `);
      const from = indent + start.join("").length;
      return `${" ".repeat(indent)}${start.join("")}${wrap(row.at(-1) ?? "", { indent: from, width })}`.trimEnd();
    })
    .join("\n");
}

/** `text`, which starts at column `indent`, in lines that end before `width`, broken at spaces, each after the first indented to that column. */
export function wrap(text: string, { indent = 0, width = lineWidth() }: { indent?: number; width?: number } = {}): string {
  const room = width - indent;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
