// Puts the steps of things that happen at once into one order after another, each order from a seed.

/** A seeded sequence of numbers in [0, 1). Source: mulberry32, public domain. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Interleaver {
  readonly #random: () => number;
  readonly #waiting: (() => void)[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A step: it happens at once and whole, when this order says. */
  readonly step = <Result>(act: () => Result): Promise<Result> =>
    new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(act());
        } catch (error) {
          reject(error);
        }
      });
    });

  /** Does every step, one at a time, until all have been done and have asked for no more. */
  async drain(): Promise<void> {
    for (;;) {
      // All that follows from a step without another one has happened after this.
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
      if (next === undefined) return;
      next();
    }
  }
}
