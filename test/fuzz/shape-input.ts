// Inputs of any operation, made from the SDK's own schema of it: the right types, with names that exist, names that do not, and names that hurt.

import fc from "fast-check";
import type { OperationModel, Shape } from "../../emulator/gateway/model.ts";
import { membersOf } from "../../emulator/gateway/model.ts";
import type { Known } from "./furnished-account.ts";

/** Texts that parsers and object lookups trip over. */
export const nastyTexts: readonly string[] = [
  "",
  " ",
  "*",
  "?",
  "null",
  "-1",
  "0",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "../../etc/passwd",
  "%00",
  "%zz",
  "\u0000",
  "\ud800",
  "😀".repeat(40),
  "a".repeat(5000),
  "arn:",
  "arn:aws:::::",
  "arn:aws:iam::111122223333:role/",
  "arn:aws:kms:us-east-1:999999999999:key/none",
  "alias/",
  "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
  "{}",
  "[]",
  '{"Version":"2012-10-17","Statement":[]}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
  '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}},"QueryLanguage":"JSONata"}',
  "rate(1 minute)",
  "cron(0 0 31 2 ? *)",
  "at(2026-03-01T00:00:00)",
  "(a+)+$",
];

/** Any text that a member of this name may be given. */
const textOf = (member: string, known: Known): fc.Arbitrary<string> => {
  const fitting = known.filter(([name]) => name.test(member)).flatMap(([, values]) => values);
  const all = known.flatMap(([, values]) => values);
  return fc.oneof(
    { weight: fitting.length === 0 ? 0 : 20, arbitrary: fc.constantFrom(...(fitting.length === 0 ? [""] : fitting)) },
    { weight: 2, arbitrary: fc.constantFrom(...all) },
    { weight: 2, arbitrary: fc.constantFrom(...nastyTexts) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
    { weight: fitting.length === 0 ? 3 : 0, arbitrary: fc.constantFrom("a-name", "1", member) },
  );
};

const dates = fc.date({ min: new Date(-1e12), max: new Date(4e12), noInvalidDate: true });
const numbers = fc.oneof(fc.integer({ min: -2, max: 20 }), fc.integer(), fc.constantFrom(0.5, 1e15, 900, 3600));

/** A value of the shape, or undefined where a member is left out. */
export function inputValue(shape: Shape, of: { member: string; known: Known; depth: number }): fc.Arbitrary<unknown> {
  const { known, depth } = of;
  if (shape.isStructSchema()) return depth > 4 ? fc.constant({}) : structOf(membersOf(shape), [], of);
  const inner = { ...of, depth: depth + 1 };
  if (shape.isListSchema()) return fc.array(inputValue(shape.getValueSchema(), inner), { maxLength: depth > 3 ? 1 : 3 });
  if (shape.isMapSchema())
    return fc.dictionary(textOf(of.member, known), inputValue(shape.getValueSchema(), inner), {
      maxKeys: 3,
    });
  if (shape.isDocumentSchema()) return fc.jsonValue();
  if (shape.isTimestampSchema()) return dates;
  if (shape.isBooleanSchema()) return fc.boolean();
  if (shape.isNumericSchema()) return shape.isBigIntegerSchema() ? fc.bigInt() : numbers;
  if (shape.isBlobSchema()) return fc.uint8Array({ maxLength: 200 });
  return textOf(of.member, known);
}

function structOf(
  members: readonly (readonly [string, Shape])[],
  required: readonly string[],
  of: { known: Known; depth: number },
): fc.Arbitrary<object> {
  const values = members.map(([member, shape]) => {
    const value = fc.noBias(inputValue(shape, { member, known: of.known, depth: of.depth + 1 }));
    return [member, required.includes(member) ? value : fc.option(value, { nil: undefined, freq: 1 })] as const;
  });
  return fc.record(Object.fromEntries(values)).map(withoutAbsent);
}

const withoutAbsent = (value: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/** Inputs that have every member that the operation cannot do without. */
export const inputOf = (operation: OperationModel, known: Known): fc.Arbitrary<object> =>
  structOf(membersOf(operation.input), operation.required, { known, depth: 0 });
