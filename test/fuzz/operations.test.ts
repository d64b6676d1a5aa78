// Whatever a client sends to any operation, the emulator answers in time, and in AWS's form.

import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { type OperationModel, readModel } from "../../emulator/gateway/model.ts";
import type { WireRequest } from "../../emulator/gateway/wire.ts";
import type { Service } from "../../emulator/service.ts";
import { faultOf, inTime, readAnswer } from "./clear-answer.ts";
import { type FurnishedAccount, startFurnishedAccount } from "./furnished-account.ts";
import { fuzzBudget } from "./fuzz-budget.ts";
import { mutations } from "./mutations.ts";
import { inputOf } from "./shape-input.ts";
import { type Catcher, catcherFor, signed } from "./wire-requests.ts";

interface Target {
  readonly service: Service;
  readonly operation: OperationModel;
  readonly caught: Catcher;
}

let account: FurnishedAccount;
const targets: Target[] = [];
let complaints: MockInstance<typeof console.error>;

beforeAll(async () => {
  account = await startFurnishedAccount();
  const { gateway, administrator } = account.emulator;
  for (const service of gateway.services) {
    const clientPackage = await service.model();
    const { operations } = readModel(clientPackage);
    for (const name of Object.keys(service.operations)) {
      const operation = operations.get(name);
      if (operation === undefined) throw new Error(`${service.signingName} has no operation ${name}`);
      targets.push({ service, operation, caught: catcherFor(clientPackage, name, administrator) });
    }
  }
});
afterAll(() => account?.emulator.stop());
/** What the emulator says of itself when it fails. */
beforeEach(() => {
  complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => complaints.mockRestore());

const origin = { sourceIp: "127.0.0.1" };

/** Long polls end when their time has come. */
async function answered(request: WireRequest) {
  const { gateway, clock } = account.emulator;
  const answer = gateway.handle(request, origin);
  const soon = await inTime(answer, 500);
  if (soon !== "late") return soon;
  await clock.advance(70_000);
  return inTime(answer, 10_000);
}

/** What is deleted is missing from then on, so that the account is made anew now and then: the same one, as its seed is. */
const callsPerAccount = 250;
let calls = 0;
async function renewed(): Promise<FurnishedAccount> {
  calls += 1;
  if (calls % callsPerAccount === 0) {
    await account.emulator.stop();
    account = await startFurnishedAccount();
  }
  return account;
}

const budget = fuzzBudget("operations", 2500);

it(
  "answers any request to any operation in time and in AWS's form",
  async () => {
    expect(targets.length).toBeGreaterThan(200);
    // Every kind of fault once, instead of the first one shrunk: the account changes with every call, so that shrinking would mislead.
    const faults = new Map<string, string>();
    const attempt = fc
      .nat(targets.length - 1)
      .chain((index) => fc.tuple(fc.constant(index), inputOf(targetOf(index).operation, account.known), mutations));
    await fc.assert(
      fc.asyncProperty(attempt, async ([index, input, mutate]) => {
        const { service, operation, caught } = targetOf(index);
        const good = await caught(input);
        if (good === undefined) return;
        const { administrator, clock } = (await renewed()).emulator;
        const changed = mutate(good);
        const request = await signed(changed, { service, credentials: administrator, nowMs: clock.now() });
        const response = await answered(request);
        const fault = response === "late" ? "no answer" : faultOf(readAnswer(response));
        const what = `${service.signingName}:${operation.name} ${changed.method} ${changed.path}?${changed.query} ${Buffer.from(changed.body)}`;
        const said = complaints.mock.calls.splice(0).flat().map(stackOf).join("\n");
        if (fault !== undefined || said !== "") faults.set(`${operation.name}: ${fault}`, `${what.slice(0, 2000)}\n${said}`);
      }),
      budget.parameters,
    );
    expect(Object.fromEntries(faults)).toEqual({});
  },
  budget.timeoutMs,
);

function targetOf(index: number): Target {
  const target = targets[index];
  if (target === undefined) throw new Error(`there is no target ${index}`);
  return target;
}

const stackOf = (said: unknown): string => (said instanceof Error ? `${said.stack}` : String(said));
