// State machine definitions: of every kind of state, joined at random, with good and bad expressions, and then spoiled.

import fc from "fast-check";
import { oneChange, withOneChange } from "./mutations.ts";
import { nastyTexts } from "./shape-input.ts";

const names = ["A", "B", "C", "D"];
const name = fc.constantFrom(...names, "Nowhere");

const expression = fc.constantFrom(
  "{% $states.input %}",
  "{% $states.input.list[0] %}",
  "{% $states.result %}",
  "{% $states.errorOutput.Error %}",
  "{% $states.context.Execution.Name %}",
  "{% $undefinedVariable %}",
  "{% $v + 1 %}",
  "{% $error('no') %}",
  "{% $assert(false, 'no') %}",
  "{% $partition($states.input.list, 0) %}",
  "{% $range(1, 10, 0) %}",
  "{% $range(1, 1e9, 1) %}",
  "{% $hash('a', 'MD4') %}",
  "{% $parse('{') %}",
  "{% $eval('1') %}",
  "{% $map([1..5], function($x) { $x / 0 }) %}",
  "{% function($x) { $x } %}",
  "{% /a(/ %}",
  "{% ( %}",
  "{% %}",
  "{%%}",
  "{% $toMillis('x') %}",
  "{% $states.input.**.constructor %}",
  "{% $ ~> |$|{'__proto__': 1}| %}",
);
const value = fc.oneof({ weight: 3, arbitrary: expression }, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...nastyTexts));
const leaving = fc.oneof(fc.record({ Next: name }), fc.constant({ End: true }), fc.constant({ End: true }));
const optional = <Value>(member: string, arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    arbitrary.map((given) => ({ [member]: given })),
  );
const joined = (...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((all): object => Object.assign({}, ...all));

const output = optional("Output", value);
const assign = optional("Assign", fc.dictionary(fc.constantFrom("v", "states", "__proto__", ""), value, { maxKeys: 2 }));
const errors = fc.constantFrom(["States.ALL"], ["States.TaskFailed", "X"], ["States.Timeout"], []);
const count = fc.constantFrom<unknown>(0, 1, 3, -1, 1e9, "{% 2 %}", "{% 'x' %}", "2");
const guarded = joined(
  optional(
    "Retry",
    fc.array(
      joined(
        fc.record({ ErrorEquals: errors }),
        optional("IntervalSeconds", count),
        optional("MaxAttempts", count),
        optional("BackoffRate", count),
      ),
      { maxLength: 2 },
    ),
  ),
  optional("Catch", fc.array(joined(fc.record({ ErrorEquals: errors, Next: name }), output, assign), { maxLength: 2 })),
);
const resources = [
  "arn:aws:states:::lambda:invoke",
  "arn:aws:states:::lambda:invoke.waitForTaskToken",
  "arn:aws:states:::batch:submitJob.sync",
  "arn:aws:states:us-east-1:111122223333:activity:an-activity",
  "arn:aws:lambda:us-east-1:111122223333:function:none",
  "arn:aws:states:::aws-sdk:s3:getObject",
  "arn:",
];

const { flow } = fc.letrec<{ flow: object; state: object }>((tie) => ({
  state: fc.oneof(
    { depthSize: "small" },
    joined(fc.constant({ Type: "Pass" }), leaving, output, assign),
    fc.constant({ Type: "Succeed" }),
    joined(fc.constant({ Type: "Fail" }), optional("Error", value), optional("Cause", value)),
    joined(fc.constant({ Type: "Wait" }), leaving, fc.oneof(fc.record({ Seconds: count }), fc.record({ Timestamp: value })), output),
    joined(
      fc.constant({ Type: "Choice" }),
      fc.record({ Choices: fc.array(fc.record({ Condition: expression, Next: name }), { maxLength: 2 }) }),
      optional("Default", name),
    ),
    joined(
      fc.record({ Type: fc.constant("Task"), Resource: fc.constantFrom(...resources) }),
      leaving,
      guarded,
      optional("Arguments", value),
      optional("TimeoutSeconds", count),
      optional("HeartbeatSeconds", count),
      output,
    ),
    joined(fc.record({ Type: fc.constant("Parallel"), Branches: fc.array(tie("flow"), { maxLength: 2 }) }), leaving, guarded, output),
    joined(
      fc.record({ Type: fc.constant("Map"), ItemProcessor: tie("flow") }),
      leaving,
      guarded,
      optional("Items", value),
      optional("ItemSelector", value),
      optional("MaxConcurrency", count),
      optional("ToleratedFailurePercentage", count),
    ),
  ),
  flow: fc
    .array(tie("state"), { minLength: 1, maxLength: 4 })
    .map((states) => ({ StartAt: "A", States: Object.fromEntries(states.map((state, index) => [names[index] ?? "A", state])) })),
}));

const machine = flow.map((one) => ({ QueryLanguage: "JSONata", ...one }));

export const definitionText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: machine.map((good) => JSON.stringify(good)) },
  {
    weight: 4,
    arbitrary: fc.tuple(machine, oneChange).map(([good, { at, ...change }]) => JSON.stringify(withOneChange(good, at, change))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...nastyTexts.filter((text) => text !== ""),
      "[".repeat(9000),
      '{"States":'.repeat(3000),
      "null",
      '{"StartAt":null,"States":null}',
    ),
  },
);
