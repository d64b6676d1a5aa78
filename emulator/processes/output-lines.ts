// A process's output arrives in arbitrary pieces; a log holds lines.

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Calls `onLine` with each complete line, without its end, and at the end with what is left. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
  stream.on("data", (piece: Buffer) => take(decoder.write(piece)));
  stream.once("end", () => {
    take(decoder.end());
    if (rest !== "") onLine(rest);
  });
}
