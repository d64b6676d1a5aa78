// Claims 1, 2, 3, 5, 6, 8 and 9 by attack: every principal tries what any other one needs, and whatever would raise its privileges.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credentials } from "../../emulator/service.ts";
import { type Deployed, outcomeOf, type Principal, principals, startAttackedAccount, stolen } from "./attacked-account.ts";
import { privilegeProbes } from "./privilege-probes.ts";
import { type ClientOf, type Probe, probes } from "./probes.ts";
import { makeSpecimens, type Specimens } from "./specimens.ts";

const refusals = ["AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"];

let at: Deployed;
let specimens: Specimens;
const held = new Map<Principal, Credentials>();

beforeAll(async () => {
  at = await startAttackedAccount();
  specimens = await makeSpecimens(at);
  for (const principal of principals) held.set(principal, await stolen(principal, at));
});

afterAll(() => at?.emulator.stop());

/** Tries a probe as everybody; gives who was not refused. */
async function whoMay(probe: Probe): Promise<Principal[]> {
  const allowed: Principal[] = [];
  for (const principal of principals) {
    const credentials = held.get(principal);
    if (credentials === undefined) throw new Error(`no credentials of ${principal}`);
    const options = { ...at.emulator.gateway.clientOptions(credentials), maxAttempts: 1 };
    const clientOf: ClientOf = (client) => new client(options);
    const outcome = await outcomeOf(probe.attempt(clientOf, at, specimens));
    expect(outcome, `${probe.what} as ${principal}`).not.toMatch(/NotImplemented|InternalFailure|TypeError/);
    if (!refusals.includes(outcome)) allowed.push(principal);
  }
  return allowed;
}

describe("who may do what", () => {
  it.each(probes.map((probe) => [probe.what, probe] as const))("%s: the intended and nobody else", async (_what, probe) => {
    expect((await whoMay(probe)).sort()).toEqual([...probe.may].sort());
  });
});

describe("claim 9: nobody of the system can", () => {
  it.each(privilegeProbes.map((probe) => [probe.what, probe] as const))("%s", async (_what, probe) => {
    expect(await whoMay(probe)).toEqual([]);
  });
});
