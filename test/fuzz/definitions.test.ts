// Whatever text is given as a state machine's definition: it is diagnosed, refused in AWS's words, or created; and what was created can be started.

import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { inTime, slips } from "./clear-answer.ts";
import { type FurnishedAccount, startFurnishedAccount } from "./furnished-account.ts";
import { fuzzBudget } from "./fuzz-budget.ts";
import { definitionText } from "./random-definition.ts";

let account: FurnishedAccount;
let sfn: SFNClient;
let complaints: MockInstance<typeof console.error>;

beforeAll(async () => {
  account = await startFurnishedAccount();
  const { gateway, administrator } = account.emulator;
  sfn = new SFNClient({ ...gateway.clientOptions(administrator), maxAttempts: 1 });
});
afterAll(() => account?.emulator.stop());
beforeEach(() => {
  complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
  return () => complaints.mockRestore();
});

const budget = fuzzBudget("definitions", 600);
// The last one: the role may not manage the rule that `.sync` needs, which is checked on creation.
const refusals = ["InvalidDefinition", "NotImplemented", "ValidationException", "AccessDeniedException"];

/** The machine's ARN, or why there is none. */
async function created(definition: string): Promise<{ arn?: string; fault?: string }> {
  const roleArn = "arn:aws:iam::111122223333:role/a-role";
  try {
    const { stateMachineArn = "" } = await sfn.send(new CreateStateMachineCommand({ name: "fuzzed", definition, roleArn }));
    return { arn: stateMachineArn };
  } catch (error) {
    if (!(error instanceof Error)) return { fault: String(error) };
    return refusals.includes(error.name) && !slips.test(error.message) ? {} : { fault: `${error.name}: ${error.message}` };
  }
}

/** Starts it, lets an hour pass, and ends it where it still runs: some definitions go in circles. */
async function run(stateMachineArn: string): Promise<undefined> {
  const { clock } = account.emulator;
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"list": [1, "2", null], "n": 3}' }));
  await inTime(clock.advance(3_600_000), 300);
  await sfn.send(new StopExecutionCommand({ executionArn }));
  await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
  return undefined;
}

it(
  "never trips over a definition, neither when it is validated nor when it runs",
  async () => {
    const faults = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(definitionText, async (definition) => {
        const validated = await inTime(
          sfn.send(new ValidateStateMachineDefinitionCommand({ definition })).then(
            ({ diagnostics = [] }) => diagnostics.map(({ message = "" }) => message).find((message) => slips.test(message)),
            (error: Error) => (refusals.includes(error.name) ? undefined : `${error.name}: ${error.message}`),
          ),
          5000,
        );
        const { arn, fault } = await created(definition);
        const ran = arn === undefined ? undefined : await inTime(run(arn), 5000);
        const said = complaints.mock.calls.splice(0).flat().map(String).join("\n");
        const found = validated ?? fault ?? ran ?? (said === "" ? undefined : said);
        if (found !== undefined) faults.set(found.slice(0, 200), definition.slice(0, 1500));
      }),
      budget.parameters,
    );
    expect(Object.fromEntries(faults)).toEqual({});
  },
  budget.timeoutMs,
);
