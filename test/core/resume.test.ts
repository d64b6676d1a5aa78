import { describe, expect, it } from "vitest";
import { executionName, executionOf, isReplayable } from "../../core/resume.ts";

describe("the name of an execution", () => {
  it.each([
    ["run-1", "run-1", 1],
    ["run-1-r2", "run-1", 2],
    ["run-1-r99", "run-1", 99],
    ["20261122-010628-x7kq2", "20261122-010628-x7kq2", 1],
    // What keyturn draws at random has five characters behind the last hyphen, and is no number.
    ["20261122-010628-r2345", "20261122-010628-r2345", 1],
    ["run-1-r1", "run-1-r1", 1],
    ["run-1-r02", "run-1-r02", 1],
    ["run-1-r100", "run-1-r100", 1],
    ["-r2", "-r2", 1],
    ["run-r2-r3", "run-r2", 3],
  ])("%s is of run %s, number %i", (name, run, number) => {
    expect(executionOf(name)).toEqual({ run, number });
    expect(executionName(run, number)).toBe(name);
  });
});

describe("a run", () => {
  it.each([
    ["run-1", true],
    ["a".repeat(76), true],
    ["a".repeat(77), false],
    ["run-1-r2", false],
  ])("%s can be replayed in a new execution: %s", (run, expected) => {
    expect(isReplayable(run)).toBe(expected);
  });

  it("that can be replayed leaves room for the last number", () => {
    expect(executionName("a".repeat(76), 99)).toHaveLength(80);
  });
});
