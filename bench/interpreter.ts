// What the interpreter costs beside the expressions that it evaluates: a machine without tasks, against its JSONata alone.

import { randomUUID } from "node:crypto";
import jsonata from "jsonata";
import { MovableClock } from "../emulator/clock.ts";
import { compileDefinition } from "../emulator/states/compile.ts";
import { Execution } from "../emulator/states/execution.ts";
import { figure, type Measurement } from "./measurement.ts";
import { inTurns, ratios, sampleOf, timed } from "./sampling.ts";

const rounds = 25;
const executionsPerRound = 1000;

/** What each expression sees: its state's input, and the variables so far. */
const expressions = {
  Admit: { total: "$sum($states.input.items.price)", names: "$states.input.items.name" },
  Choose: { isLarge: "$total > 100 and $count($names) = 3" },
  Large: { discount: "$round($total * 0.1, 2)" },
  Summarise: { lines: "$states.input.items.(name & ': ' & $string(price))", due: "$total - $discount" },
  Done: { text: "'You owe ' & $string($due) & ' for ' & $join($names, ', ')" },
} as const;

const quoted = (expression: string): string => `{% ${expression} %}`;

const definition = {
  QueryLanguage: "JSONata",
  StartAt: "Admit",
  States: {
    Admit: { Type: "Pass", Assign: { total: quoted(expressions.Admit.total), names: quoted(expressions.Admit.names) }, Next: "Choose" },
    Choose: { Type: "Choice", Choices: [{ Condition: quoted(expressions.Choose.isLarge), Next: "Large" }], Default: "Done" },
    Large: { Type: "Pass", Assign: { discount: quoted(expressions.Large.discount) }, Next: "Summarise" },
    Summarise: {
      Type: "Pass",
      Assign: { due: quoted(expressions.Summarise.due) },
      Output: { lines: quoted(expressions.Summarise.lines) },
      Next: "Done",
    },
    Done: { Type: "Succeed", Output: { text: quoted(expressions.Done.text), lines: "{% $states.input.lines %}" } },
  },
};

const input = {
  items: [
    { name: "lamp", price: 60 },
    { name: "desk", price: 240.5 },
    { name: "chair", price: 89.9 },
  ],
};

const owed = "You owe 351.36 for lamp, desk, chair";

export const interpreter: Measurement = {
  name: "interpreter",
  measures: "a five-state machine without tasks, in the emulator's process, against evaluating its expressions alone",
  async measure() {
    const executing = executions();
    const evaluating = await evaluations();
    await inTurns(3, { executing, evaluating });
    const times = await inTurns(rounds, { executing, evaluating });
    const rates = (ms: readonly number[]): number[] => ms.map((value) => (executionsPerRound * 1000) / value);
    return [
      figure("executions, of the rate of the expressions alone", scaled(ratios(times.evaluating, times.executing), 100), "%", {
        atLeast: 40,
      }),
      figure("executions", sampleOf(rates(times.executing)), "per second"),
      figure("the expressions alone", sampleOf(rates(times.evaluating)), "per second"),
    ];
  },
};

const scaled = ({ median, least, most, count }: ReturnType<typeof sampleOf>, by: number) => ({
  median: median * by,
  least: least * by,
  most: most * by,
  count,
});

/** Milliseconds for a round of executions, one after the other. */
function executions(): () => Promise<number> {
  const clock = new MovableClock();
  const sources = { now: () => clock.now(), uuid: randomUUID, random: Math.random };
  const machine = compileDefinition(JSON.stringify(definition), { sources });
  const tasks = { check: () => undefined, start: () => ({ cancel: () => undefined }) };
  const world = { region: "us-east-1", clock, tasks, taskToken: randomUUID, random: Math.random };
  const identity = {
    executionArn: "arn:aws:states:us-east-1:111122223333:execution:bench:run",
    name: "run",
    stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:bench",
    stateMachineName: "bench",
    roleArn: "arn:aws:iam::111122223333:role/bench",
  };
  const inputText = JSON.stringify(input);
  return () =>
    timed(async () => {
      for (let index = 0; index < executionsPerRound; index++) {
        const execution = new Execution({ machine, identity, inputText, world });
        await execution.ended;
        if (!execution.output?.text.includes(owed)) throw new Error(`the machine ended as ${execution.status}: ${execution.cause}`);
      }
    });
}

/** Milliseconds for as many evaluations of all its expressions, compiled once, over the values that they have in the machine. */
async function evaluations(): Promise<() => Promise<number>> {
  const values = { total: 390.4, names: ["lamp", "desk", "chair"], discount: 39.04, due: 351.36 };
  const lines = ["lamp: 60", "desk: 240.5", "chair: 89.9"];
  const all = [...Object.values(expressions).flatMap((of) => Object.values(of)), "$states.input.lines"].map((text) => jsonata(text));
  const bindings = { ...values, states: { input: { ...input, lines } } };
  return () =>
    timed(async () => {
      for (let index = 0; index < executionsPerRound; index++) {
        for (const expression of all) {
          if ((await expression.evaluate(undefined, bindings)) === undefined) throw new Error("an expression gave nothing");
        }
      }
    });
}
