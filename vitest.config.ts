import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Two even where there are two cores: most tests wait for processes that they started, one at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
