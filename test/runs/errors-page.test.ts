// docs/errors.md against the code: every failure that a task may raise and every error that the workflow handles has its row.

import { describe, expect, it } from "vitest";
import { failureNames, rotationFailureNames } from "../../core/errors.ts";
import { readPage, sectionOf } from "../docs/pages.ts";
import { synthesise } from "../infra/synthesised.ts";

interface State {
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[] }[];
}

/** Of every table: the names in the first column, and where it says that they come up. */
const rows = readPage("docs/errors.md")
  .prose.split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  )
  .filter(([error]) => error !== "Error");
const named = (cells: readonly string[]): readonly string[] => [...(cells[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

const [machine] = synthesise().ofType("AWS::StepFunctions::StateMachine");
const states = Object.entries((JSON.parse(machine?.Properties.DefinitionString) as { States: Record<string, State> }).States);

describe("docs/errors.md", () => {
  it("says of every error its meaning, its cause, what to do and what a redrive does", () => {
    expect(rows.length).toBeGreaterThan(failureNames.length);
    expect(rows.filter((cells) => cells.length !== 6 || cells.some((cell) => cell === ""))).toEqual([]);
  });

  it("has each of Keyturn's failures once, and no other under that heading", () => {
    const own = rows.slice(0, failureNames.length).flatMap(named);
    expect(own.toSorted()).toEqual([...failureNames].sort());
  });

  it("has each failure of a rotation by schedule", () => {
    const section = sectionOf(readPage("docs/errors.md"), "Errors of a rotation by schedule");
    expect([...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual([...rotationFailureNames]);
  });

  it.each(
    states.flatMap(([state, { Catch = [] }]) =>
      Catch.flatMap(({ ErrorEquals, Next }) => ErrorEquals.map((error) => [error, state, Next] as const)),
    ),
  )("says that %s at %s leads to %s", (error, state, next) => {
    expect(next).toBe("RequestMfa");
    expect(rows.filter((cells) => named(cells).includes(error) && cells[1] === `\`${state}\`, asks again`)).toHaveLength(1);
  });

  it("names no error as asking again that the workflow does not catch", () => {
    const caught = states.flatMap(([, { Catch = [] }]) => Catch.flatMap(({ ErrorEquals }) => ErrorEquals));
    expect(
      rows
        .filter(([, at]) => at?.includes("asks again"))
        .flatMap(named)
        .toSorted(),
    ).toEqual(caught.toSorted());
  });

  it("has every error that is tried again", () => {
    const retried = states.flatMap(([, { Retry = [] }]) => Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
    const all = rows.flatMap(named);
    expect(retried.filter((error) => !all.includes(error))).toEqual([]);
  });
});
