// Decision records: numbered once each, all of one form, none without its check.

import { describe, expect, it } from "vitest";
import { allPages, sectionOf } from "./pages.ts";

const records = allPages().filter(({ path }) => /^docs\/decisions\/\d/.test(path));
const numberOf = (path: string): number => Number(/\/(\d{4})-/.exec(path)?.[1]);

describe("a decision", () => {
  it("has a number of its own", () => {
    const numbers = records.map(({ path }) => numberOf(path));
    expect(numbers.length).toBeGreaterThan(10);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it.each(records.map((record) => [record.path, record] as const))(
    "%s says status, context, decision, consequences and check",
    (path, record) => {
      const [title = "", ...sections] = record.headings;
      expect(title).toMatch(new RegExp(`^${numberOf(path)}\\. `));
      expect(sections).toEqual(["Context", "Decision", "Consequences", "Check"]);
      expect(record.prose).toMatch(/^Status: (accepted|superseded by \d+)$/m);
      expect(sectionOf(record, "Check")).toMatch(/test\/|`npm run/);
    },
  );
});
