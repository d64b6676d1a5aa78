// Claims 1, 2, 3, 5, 6, 8 and 9 by attack: every principal tries what any other one needs, and whatever would raise its privileges.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { principals } from "./attacked-account.ts";
import { Matrix, type Tried } from "./matrix.ts";
import { matrixDocument } from "./matrix-document.ts";
import type { Probe } from "./probe.ts";
import { allProbes, probeGroups } from "./probes.ts";
import { templateGrants } from "./template-grants.ts";
import { untried } from "./untried-actions.ts";

let matrix: Matrix;
const outcomes = new Map<Probe, Tried>();

beforeAll(async () => {
  matrix = await Matrix.start();
});
afterAll(() => matrix?.account.emulator.stop());

describe.each(probeGroups.map((group) => [group.title, group] as const))("%s", (_title, { probes }) => {
  it.each(probes.map((probe) => [probe.what, probe] as const))("%s: the intended and nobody else", async (_what, probe) => {
    const tried = await matrix.try(probe);
    outcomes.set(probe, tried);
    expect([...tried.errors].filter((name) => /NotImplemented|InternalFailure|TypeError/.test(name))).toEqual([]);
    expect(tried.partly, "those who got through in part").toEqual([]);
    expect([...tried.may].sort()).toEqual([...probe.may].sort());
  });
});

/** What stands below reads what all of the above found out. */
const everyOutcome = (): readonly Tried[] =>
  allProbes.map((probe) => {
    const outcome = outcomes.get(probe);
    if (outcome === undefined) throw new Error(`"${probe.what}" was not tried; run this file as a whole`);
    return outcome;
  });

describe("what the templates allow", () => {
  it("has a probe by which its holder got through, or a reason why it can have none", async () => {
    const proven = new Set(
      everyOutcome().flatMap(({ actions }) =>
        [...actions].flatMap(([action, holders]) => [...holders].map((holder) => `${holder} ${action}`)),
      ),
    );
    const grants = await templateGrants(matrix.account);
    const unproven = [...grants].filter((grant) => !proven.has(grant)).sort();
    const excused = untried.flatMap(({ holders, actions }) => holders.flatMap((holder) => actions.map((action) => `${holder} ${action}`)));
    expect(unproven).toEqual(excused.sort());
  });
});

it("is what docs/who-may-do-what.md says", async () => {
  everyOutcome();
  const document = matrixDocument(probeGroups, { principals, mayOf: (probe) => outcomes.get(probe)?.may ?? [] });
  await expect(document).toMatchFileSnapshot("../../docs/who-may-do-what.md");
});
