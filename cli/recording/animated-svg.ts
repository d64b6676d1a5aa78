// Frames of a terminal as one SVG that plays by itself, in a README too: each row is drawn once for as long as it stays what it is.

import type { Size } from "./pseudo-terminal.ts";
import type { Frame, Span } from "./screen-frames.ts";

const cell = { width: 7.83, height: 17 } as const;
const margin = 16;

/** The terminal's colours, on a dark ground: black, red, green, yellow, blue, magenta, cyan, white, and their bright ones. */
const palette = [
  ...["#5c6773", "#f07178", "#aad94c", "#e6b450", "#59c2ff", "#d2a6ff", "#95e6cb", "#c7c7c7"],
  ...["#828c99", "#ff8f95", "#c2e86b", "#ffd173", "#7fd0ff", "#e0c2ff", "#b0f0dd", "#ffffff"],
];

/** What is there for less nobody sees, and a viewer takes a duration of nothing for one without an end. */
const shortestMs = 20;

interface Showing {
  readonly row: number;
  readonly spans: readonly Span[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** @param title - read out where the picture cannot be seen. @param endMs - when it begins anew. */
export function animatedSvg(frames: readonly Frame[], { size, title, endMs }: { size: Size; title: string; endMs: number }): string {
  const width = Math.ceil(size.columns * cell.width + 2 * margin);
  const height = size.rows * cell.height + 2 * margin;
  const rows = showings(frames, endMs).map((showing) => drawn(showing, endMs));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d9dde3;white-space:pre;visibility:hidden}.v{visibility:visible}.b{font-weight:700}.d{opacity:.65}${palette
      .map((colour, index) => `.c${index}{fill:${colour}}`)
      .join("")}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#11151c"/>`,
    // Everything counts from here; it begins again when it ends.
    `<rect width="0" height="0"><animate id="t" attributeName="width" from="0" to="0" begin="0s;t.end" dur="${seconds(endMs)}s"/></rect>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

/** Each row's contents one after the other, each with its time; what is empty is not drawn. */
function showings(frames: readonly Frame[], endMs: number): readonly Showing[] {
  const rows = frames[0]?.rows.length ?? 0;
  return Array.from({ length: rows }, (_, row) => {
    const of: Showing[] = [];
    for (const [index, frame] of frames.entries()) {
      const spans = frame.rows[row] ?? [];
      const untilMs = frames[index + 1]?.atMs ?? endMs;
      const last = of.at(-1);
      if (last !== undefined && JSON.stringify(last.spans) === JSON.stringify(spans)) of[of.length - 1] = { ...last, untilMs };
      else of.push({ row, spans, fromMs: frame.atMs, untilMs });
    }
    return of.filter(({ spans, fromMs, untilMs }) => spans.length > 0 && untilMs - fromMs >= shortestMs);
  }).flat();
}

const seconds = (ms: number): number => Number((ms / 1000).toFixed(2));

function drawn({ row, spans, fromMs, untilMs }: Showing, endMs: number): string {
  const y = margin + row * cell.height + 13;
  const words = spans.map((span) => {
    const classes = [
      ...(span.colour === undefined ? [] : [`c${span.colour}`]),
      ...(span.isBold ? ["b"] : []),
      ...(span.isDim ? ["d"] : []),
    ];
    const x = Number((margin + span.column * cell.width).toFixed(1));
    // Fonts differ in width; columns must not.
    const length = Number(([...span.text].length * cell.width).toFixed(1));
    return `<tspan x="${x}" textLength="${length}"${classes.length === 0 ? "" : ` class="${classes.join(" ")}"`}>${escaped(span.text)}</tspan>`;
  });
  // The last picture is what a reader sees whose viewer plays nothing: it is there but for the time before it.
  if (untilMs >= endMs) {
    const before = fromMs < shortestMs ? "" : `<set attributeName="visibility" to="hidden" begin="t.begin" dur="${seconds(fromMs)}s"/>`;
    return `<text y="${y}" class="v">${words.join("")}${before}</text>`;
  }
  const then = `<set attributeName="visibility" to="visible" begin="t.begin+${seconds(fromMs)}s" dur="${seconds(untilMs - fromMs)}s"/>`;
  return `<text y="${y}">${words.join("")}${then}</text>`;
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
