// What a terminal's screen looked like, and from when to when: chunks of its output, played to a terminal emulator.

import { createRequire } from "node:module";
import type { Terminal as HeadlessTerminal, IBufferCell } from "@xterm/headless";
import type { Chunk, Size } from "./pseudo-terminal.ts";

// The package is CommonJS without named exports that Node could see.
const { Terminal } = createRequire(import.meta.url)("@xterm/headless") as { readonly Terminal: typeof HeadlessTerminal };

/** Text of one style. */
export interface Span {
  readonly text: string;
  readonly column: number;
  /** Of the terminal's 16 colours; absent for its own. */
  readonly colour?: number;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

export interface Frame {
  readonly atMs: number;
  /** One per row, from the top. */
  readonly rows: readonly (readonly Span[])[];
}

/** A frame for each chunk that came at a time of its own. */
export async function screenFrames(chunks: readonly Chunk[], size: Size): Promise<readonly Frame[]> {
  const terminal = new Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [index, { atMs, text }] of chunks.entries()) {
    await new Promise<void>((resolve) => terminal.write(text, resolve));
    if (chunks[index + 1]?.atMs !== atMs) frames.push({ atMs, rows: rowsOf(terminal, size) });
  }
  terminal.dispose();
  return frames;
}

function rowsOf(terminal: HeadlessTerminal, { columns, rows }: Size): readonly (readonly Span[])[] {
  const { active } = terminal.buffer;
  return Array.from({ length: rows }, (_, row) => {
    const line = active.getLine(active.viewportY + row);
    const spans: Span[] = [];
    for (let column = 0; column < columns; column++) {
      const cell = line?.getCell(column);
      if (cell === undefined || cell.getChars() === "") continue;
      const style = styleOf(cell);
      const last = spans.at(-1);
      if (last !== undefined && last.column + [...last.text].length === column && isSame(last, style)) {
        spans[spans.length - 1] = { ...last, text: last.text + cell.getChars() };
      } else spans.push({ text: cell.getChars(), column, ...style });
    }
    return spans.filter(({ text }) => text.trim() !== "");
  });
}

type Style = Pick<Span, "colour" | "isBold" | "isDim">;

function styleOf(cell: IBufferCell): Style {
  const style = { isBold: cell.isBold() !== 0, isDim: cell.isDim() !== 0 };
  return cell.isFgPalette() && cell.getFgColor() < 16 ? { ...style, colour: cell.getFgColor() } : style;
}

const isSame = (a: Style, b: Style): boolean => a.colour === b.colour && a.isBold === b.isBold && a.isDim === b.isDim;
