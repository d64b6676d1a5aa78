// How long fuzzing takes: short and always the same in CI, as long as asked with FUZZ_SECONDS or FUZZ_RUNS, and repeatable with FUZZ_SEED.

import type fc from "fast-check";

export interface Budget {
  readonly parameters: fc.Parameters<unknown>;
  /** For vitest: what the test may take at most. */
  readonly timeoutMs: number;
}

const numberFrom = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
};

const seedInCi = 20_260_301;

/**
 * @param inCi - runs where nothing is asked for
 * FUZZ_RUNS sets the runs of every fuzz test; FUZZ_SECONDS stops each after that long, whatever its runs. Without FUZZ_SEED a longer fuzz takes a
 * seed of its own and prints it.
 */
export function fuzzBudget(what: string, inCi: number): Budget {
  const seconds = numberFrom("FUZZ_SECONDS");
  const runs = numberFrom("FUZZ_RUNS") ?? (seconds === undefined ? undefined : Number.MAX_SAFE_INTEGER);
  const seed = numberFrom("FUZZ_SEED") ?? (runs === undefined ? seedInCi : Date.now() % 2 ** 31);
  const numRuns = runs ?? inCi;
  if (runs !== undefined) console.info(`${what}: FUZZ_SEED=${seed}`);
  return {
    parameters: { seed, numRuns, ...(seconds === undefined ? {} : { interruptAfterTimeLimit: seconds * 1000 }) },
    timeoutMs: seconds === undefined ? 30_000 + numRuns * 20 : seconds * 1000 + 60_000,
  };
}
