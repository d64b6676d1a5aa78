import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    // A worker keeps what it has loaded for its next file: loading is a fifth of all work. So no file may leave anything behind;
    // `vitest run --sequence.shuffle.files` looks for one that does.
    isolate: false,
    // Two even where there are two cores: most tests wait for processes that they started, one at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
