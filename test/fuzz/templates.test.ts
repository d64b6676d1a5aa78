// Whatever stands in a template: it is deployed, refused as a whole before anything is created, or fails naming the resource and why.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import { MovableClock } from "../../emulator/clock.ts";
import { AssemblyRefused, DeploymentFailed } from "../../emulator/deploy/template-fault.ts";
import { startEmulator } from "../../emulator/start.ts";
import { inTime, slips } from "./clear-answer.ts";
import { fuzzBudget } from "./fuzz-budget.ts";
import { oneChange, withOneChange } from "./mutations.ts";

type Template = Readonly<Record<string, unknown>>;

let folder: string;
/** The resources of the application's own templates, by name. */
let resources: readonly (readonly [string, unknown])[];

beforeAll(async () => {
  const { assembly } = await synthesise(repositoryRoot);
  const files = readdirSync(assembly).filter((name) => name.endsWith(".template.json"));
  const templates = files.map((name) => JSON.parse(readFileSync(join(assembly, name), "utf8")) as { Resources: Record<string, unknown> });
  resources = templates.flatMap(({ Resources }) => Object.entries(Resources));
  folder = mkdtempSync(join(tmpdir(), "keyturn-fuzzed-"));
}, 120_000);
afterAll(() => folder && rmSync(folder, { recursive: true }));

const names = fc.constantFrom("A", "B", "AWS::Region", "constructor", "__proto__", "");
const call = fc.constantFrom(
  "Ref",
  "Fn::GetAtt",
  "Fn::Join",
  "Fn::Sub",
  "Fn::Select",
  "Fn::Split",
  "Fn::FindInMap",
  "Fn::If",
  "Fn::ImportValue",
  "Fn::Cidr",
  "Fn::GetAZs",
  "Fn::Base64",
  "Fn::Nonsense",
  "Fn::Equals",
);
const argument = fc.oneof(
  names,
  fc.tuple(names, names),
  fc.tuple(names, fc.array(names, { maxLength: 3 })),
  fc.tuple(fc.integer({ min: -2, max: 1e9 }), fc.array(names, { maxLength: 3 })),
  fc.constantFrom("{A.Arn}", "{", "{AWS::Nothing}", "{!A}", "{A").map((text) => `$${text}`),
  fc.jsonValue({ maxDepth: 2 }),
);
const intrinsic = fc.tuple(call, argument).map(([name, given]) => ({ [name]: given }));
const expression = fc.oneof(intrinsic, fc.jsonValue({ maxDepth: 2 }));

const section = fc.record(
  {
    Parameters: fc.dictionary(names, fc.oneof(fc.constant({ Type: "String", Default: "x" }), expression), { maxKeys: 2 }),
    Mappings: fc.dictionary(names, fc.dictionary(names, expression, { maxKeys: 2 }), { maxKeys: 2 }),
    Conditions: fc.dictionary(names, fc.oneof(fc.constant({ "Fn::Equals": ["a", "a"] }), fc.constant({ Condition: "A" }), expression), {
      maxKeys: 2,
    }),
    Outputs: fc.dictionary(names, fc.record({ Value: expression }), { maxKeys: 2 }),
    Nonsense: expression,
  },
  { requiredKeys: [] },
);

/** Most of ours refer to others, and would be refused for that alone. */
function withoutReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReferences);
  if (typeof value !== "object" || value === null) return value;
  const [name = ""] = Object.keys(value);
  if (name === "Ref" || name.startsWith("Fn::")) return "arn:aws:iam::111122223333:role/a-role";
  const members = Object.entries(value).filter(([member]) => member !== "DependsOn" && member !== "Condition");
  return Object.fromEntries(members.map(([member, inner]) => [member, withoutReferences(inner)]));
}

/** A few resources of ours, each with one thing changed or one function put in, among sections made up. */
const template: fc.Arbitrary<() => Template> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(), fc.option(oneChange, { freq: 2 }), fc.option(intrinsic, { freq: 1 }), fc.nat(3)), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.option(section, { freq: 1 }),
  )
  .map(([chosen, sections]) => (): Template => {
    const taken = chosen.map(([index, change, inserted, references]) => {
      const [name, whole] = resources[index % resources.length] ?? ["A", {}];
      const resource = references === 0 ? whole : withoutReferences(whole);
      const changed = change === null ? resource : withOneChange(resource, change.at, change);
      return [name, inserted === null ? changed : withOneChange(changed, [1, index], { kind: "replace", by: inserted })] as const;
    });
    return { Resources: Object.fromEntries(taken), ...sections };
  });

function written(given: Template): string {
  writeFileSync(join(folder, "s.template.json"), JSON.stringify(given));
  const stack = {
    type: "aws:cloudformation:stack",
    environment: "aws://unknown-account/unknown-region",
    properties: { templateFile: "s.template.json" },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ version: "48.0.0", artifacts: { s: stack } }));
  return folder;
}

const programErrors = [TypeError, ReferenceError, RangeError, SyntaxError];

/** What is wrong with how a deployment ended; undefined where nothing is. */
function faultIn(error: unknown): string | undefined {
  if (!(error instanceof AssemblyRefused || error instanceof DeploymentFailed))
    return `thrown as it is: ${error instanceof Error ? error.stack : error}`;
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    const slip = cause;
    if (programErrors.some((kind) => slip instanceof kind) && slips.test(slip.message)) return `${slip.stack}`;
  }
  return error.faults.map(({ problem }) => problem).find((problem) => problem === "" || slips.test(problem));
}

const budget = fuzzBudget("templates", 250);

it(
  "deploys a template or says what is wrong with it, and where",
  async () => {
    const faults = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(template, async (make) => {
        const given = make();
        const emulator = await startEmulator({
          account: "111122223333",
          region: "us-east-1",
          clock: new MovableClock({ frozenAtMs: Date.UTC(2026, 2, 1) }),
        });
        try {
          const ended = await inTime(
            emulator.deploy(written(given)).then(
              () => undefined,
              (error: unknown) => faultIn(error),
            ),
            10_000,
          );
          if (ended !== undefined) faults.set(ended.split("\n").slice(0, 4).join("\n"), JSON.stringify(given).slice(0, 1500));
        } finally {
          await emulator.stop();
        }
      }),
      budget.parameters,
    );
    expect(Object.fromEntries(faults)).toEqual({});
  },
  budget.timeoutMs + 60_000,
);
