import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { animatedSvg } from "../../cli/recording/animated-svg.ts";
import { screenFrames } from "../../cli/recording/screen-frames.ts";
import { keyturn } from "./keyturn-process.ts";

const size = { columns: 20, rows: 2 };

describe("a recorded screen", () => {
  it("is what the terminal shows: colours, what is overwritten, what scrolls away", async () => {
    const frames = await screenFrames(
      [
        { atMs: 0, text: "one\r\n" },
        { atMs: 100, text: "\u001b[32mtwo" },
        { atMs: 100, text: "\u001b[0m is\r" },
        { atMs: 300, text: "\u001b[1mTWO\u001b[0m\r\nthree" },
      ],
      size,
    );
    const plain = { isBold: false, isDim: false };
    expect(frames).toEqual([
      { atMs: 0, rows: [[{ text: "one", column: 0, ...plain }], []] },
      {
        atMs: 100,
        rows: [
          [{ text: "one", column: 0, ...plain }],
          [
            { text: "two", column: 0, colour: 2, ...plain },
            { text: " is", column: 3, ...plain },
          ],
        ],
      },
      {
        atMs: 300,
        rows: [
          [
            { text: "TWO", column: 0, isBold: true, isDim: false },
            { text: " is", column: 3, ...plain },
          ],
          [{ text: "three", column: 0, ...plain }],
        ],
      },
    ]);
  });

  it("is drawn row by row, each for as long as it stays what it is, and the last picture stays", async () => {
    const chunks = [
      { atMs: 0, text: "a & b" },
      { atMs: 1500, text: "\r\n<c>" },
      { atMs: 1505, text: "\rd   " },
    ];
    const svg = animatedSvg(await screenFrames(chunks, size), { size, title: 'A "title"', endMs: 4000 });
    const rows = svg.split("\n").filter((line) => line.startsWith("<text"));
    expect(rows.map((row) => [/>([^<>]+)<\/tspan>/.exec(row)?.[1], /<set.*$/.exec(row)?.[0] ?? ""])).toEqual([
      ["a &amp; b", ""],
      ["d   ", '<set attributeName="visibility" to="hidden" begin="t.begin" dur="1.5s"/></text>'],
    ]);
    expect(svg).toContain("<title>A &quot;title&quot;</title>");
  });
});

describe("docs/session.svg", () => {
  const svg = readFileSync(join(repositoryRoot, "docs", "session.svg"), "utf8");
  const commands = [...new Set([...svg.matchAll(/>\s*keyturn ([a-z]+) [^<]*<\/tspan>/g)].map(([, word = ""]) => word))];

  it("shows a run, an approval and a replay", () => {
    for (const command of ["run", "approve", "replay"]) expect(commands).toContain(command);
  });

  it("ends each of them well", () => {
    expect(svg.match(/Run \S+ succeeded after/g)?.length).toBeGreaterThanOrEqual(2);
    expect(svg).toContain("The code was accepted");
    expect(svg).toContain("can go on at RunJob");
  });

  it.each(commands)("plays a command that there is: keyturn %s", async (command) => {
    expect(await keyturn(command, "--help")).toMatchObject({ code: 0, stderr: "" });
  });
});
