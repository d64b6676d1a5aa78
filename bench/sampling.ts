// Samples taken so that noise hits both sides of a comparison: in turns, and read by their medians.

export interface Sample {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** Throws for no values at all. */
export function sampleOf(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) throw new RangeError("a sample needs a value");
  const [lower = least, upper = lower] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return { median: (lower + upper) / 2, least, most, count: sorted.length };
}

type Sides<Name extends string> = Readonly<Record<Name, () => number | Promise<number>>>;

/** Values of each side, taken in turns; every second round goes through the sides backwards, so that none is always the one after another. */
export async function inTurns<Name extends string>(rounds: number, sides: Sides<Name>): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) values[name].push(await sides[name]());
  }
  return values;
}

/** Ratios round by round: what slowed one round down slowed both of its sides. */
export const ratios = (of: readonly number[], to: readonly number[]): Sample =>
  sampleOf(of.map((value, round) => value / (to[round] ?? Number.NaN)));

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}

/** Runs `count` pieces of work, at most `width` at a time. */
export async function inLanes(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
