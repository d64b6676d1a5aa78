import { expect, test } from "vitest";
import { compile, task } from "./running.ts";

test.each([
  [
    "a target that is not there",
    { A: { Type: "Pass", Next: "Gone" }, B: { Type: "Succeed" } },
    "MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Next",
  ],
  ["a state that nothing leads to", { A: { Type: "Succeed" }, B: { Type: "Succeed" } }, 'State "B" is not reachable.'],
  ["an unknown field", { A: { Type: "Succeed", Colour: "red" } }, "Field 'Colour' is not supported at /States/A/Colour"],
  ["a JSONPath field", { A: { Type: "Pass", InputPath: "$", End: true } }, "The field 'InputPath' is not supported in JSONata mode"],
  [
    "a state in JSONPath mode",
    { A: { Type: "Pass", QueryLanguage: "JSONPath", End: true } },
    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A",
  ],
  ["a state without a way out", { A: { Type: "Pass" } }, "one of [Next, End]"],
  ["a Task without Resource", { A: { Type: "Task", End: true } }, "These fields are required: [Resource]"],
  ["a Resource that is none", { A: { Type: "Task", Resource: "echo", End: true } }, "Value is not a valid resource ARN"],
  ["a type that is none", { A: { Type: "Task2", End: true } }, "Value is not valid: Task2 at /States/A/Type"],
  ["a wrong JSON type", { A: { Type: "Wait", Seconds: "ten", End: true } }, "Expected value of type a non-negative integer"],
  [
    "an expression that cannot be parsed",
    { A: { Type: "Succeed", Output: "{% 1 + %}" } },
    "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output'",
  ],
  [
    "a name that stands for nothing",
    {
      A: {
        Type: "Parallel",
        Branches: [{ StartAt: "B", States: { B: { Type: "Succeed", Output: { v: ["{% phone %}"] } } } }],
        End: true,
      },
    },
    "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Branches[0]/States/B/Output/v[0]'",
  ],
  ["the root of a context that is not there", { A: { Type: "Succeed", Output: "{% $$.a %}" } }, "Reference to '$$' is not supported."],
  [
    "a day that its month does not have",
    { A: { Type: "Wait", Timestamp: "2026-02-30T00:00:00Z", End: true } },
    "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp",
  ],
  [
    "a percentage above 100",
    {
      A: {
        Type: "Map",
        ToleratedFailurePercentage: 100.1,
        ItemProcessor: { StartAt: "B", States: { B: { Type: "Succeed" } } },
        End: true,
      },
    },
    "Expected value of type a number from 0 to 100",
  ],
  ["a role made by an expression", { A: task({ Credentials: { RoleArn: "{% $r %}" } }) }, "takes no expression there"],
  ["States.ALL among others", { A: task({ Catch: [{ ErrorEquals: ["States.ALL", "X"], Next: "A" }] }) }, "States.ALL must appear alone"],
])("refuses %s", (_what, states, message) => {
  expect(() => compile(states)).toThrow(expect.objectContaining({ name: "InvalidDefinition", message: expect.stringContaining(message) }));
});

test.each([
  "$map($states.input.a, function($x) { $x.b })",
  "$states.input.a[b > 3]^(c).{ 'd': e }",
  "$states.input.a{ b: c }",
  "$states.input ~> |a|{ 'b': c }|",
])("takes %s, whose names are read from a value", (expression) => {
  expect(() => compile({ A: { Type: "Succeed", Output: `{% ${expression} %}` } })).not.toThrow();
});

test("names what is AWS's and not modelled", () => {
  const processor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    StartAt: "B",
    States: { B: { Type: "Succeed" } },
  };
  expect(() => compile({ A: { Type: "Map", ItemProcessor: processor, End: true } })).toThrow(/State "A": a Map with Mode "DISTRIBUTED"/);
});
