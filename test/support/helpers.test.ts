// A worker keeps what it has loaded for its next test file: a helper that does something when it is loaded does it for one file alone.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";

const folder = join(repositoryRoot, "test");

it("no helper registers hooks for the test file that happens to load it first", () => {
  const helpers = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => /(?<!\.test)\.ts$/.test(path));
  expect(helpers.length).toBeGreaterThan(50);
  const hooks = /^(beforeAll|beforeEach|afterAll|afterEach)\(/m;
  expect(helpers.filter((path) => hooks.test(readFileSync(join(folder, path), "utf8")))).toEqual([]);
});
