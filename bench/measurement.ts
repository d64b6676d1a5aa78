// What every measurement gives: figures with their bounds, so that a figure never stands without what was asked of it.

import { availableParallelism } from "node:os";
import type { Sample } from "./sampling.ts";

export type Bound = { readonly atMost: number } | { readonly atLeast: number };

export interface Figure {
  readonly what: string;
  readonly unit: "×" | "ms" | "s" | "kB" | "MB" | "MB per 1,000" | "per second" | "ms per run" | "%" | "µs";
  /** Of several samples, the median. */
  readonly value: number;
  readonly spread?: Omit<Sample, "median">;
  readonly bound?: Bound;
  /** Absent where nothing was asked. */
  readonly met?: boolean;
}

export interface Measurement {
  /** What `npm run bench -- NAME` takes. */
  readonly name: string;
  readonly measures: string;
  measure(progress: (line: string) => void): Promise<readonly Figure[]>;
}

/** One figure; a sample is reported by its median, with how far it spread. */
export function figure(what: string, measured: Sample | number, unit: Figure["unit"], bound?: Bound): Figure {
  const sample = typeof measured === "number" ? undefined : measured;
  const value = rounded(sample?.median ?? (measured as number));
  return {
    what,
    unit,
    value,
    ...(sample === undefined ? {} : { spread: { least: rounded(sample.least), most: rounded(sample.most), count: sample.count } }),
    ...(bound === undefined ? {} : { bound, met: isMet(value, bound) }),
  };
}

const isMet = (value: number, bound: Bound): boolean => ("atMost" in bound ? value <= bound.atMost : value >= bound.atLeast);

/** Three digits say all that such a measurement knows. */
const rounded = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

export const describeFigure = ({ what, value, unit, spread, bound, met }: Figure): string => {
  const within = spread === undefined ? "" : ` (${spread.least}–${spread.most}, ${spread.count} samples)`;
  const asked =
    bound === undefined ? "" : ` – asked: ${"atMost" in bound ? `≤ ${bound.atMost}` : `≥ ${bound.atLeast}`}: ${met ? "met" : "NOT MET"}`;
  return `${what}: ${value} ${unit}${within}${asked}`;
};

/** The machine's class: figures of different classes cannot be compared, ratios can. */
export const machineClass = (): { cores: number; node: string; platform: string } => ({
  cores: availableParallelism(),
  node: process.version,
  platform: process.platform,
});
