// Random passwords as GetRandomPassword and a template's GenerateSecretString make them.

import { z } from "zod";
import { invalidParameter } from "./secrets.ts";

/** The rules, by the names that API and CloudFormation share. */
export const passwordRules = z.strictObject({
  PasswordLength: z.number().int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().default(""),
  ExcludeLowercase: z.boolean().default(false),
  ExcludeUppercase: z.boolean().default(false),
  ExcludeNumbers: z.boolean().default(false),
  ExcludePunctuation: z.boolean().default(false),
  IncludeSpace: z.boolean().default(false),
  RequireEachIncludedType: z.boolean().default(true),
});

export type PasswordRules = z.output<typeof passwordRules>;

const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/** An index below `count` without bias: bytes that would favour low indices are drawn again. */
function randomIndex(count: number, randomBytes: (size: number) => Uint8Array): number {
  const limit = 256 - (256 % count);
  for (;;) {
    const byte = randomBytes(1)[0] ?? 0;
    if (byte < limit) return byte % count;
  }
}

export function randomPassword(rules: PasswordRules, randomBytes: (size: number) => Uint8Array): string {
  const kinds = [
    rules.ExcludeLowercase ? "" : "abcdefghijklmnopqrstuvwxyz",
    rules.ExcludeUppercase ? "" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    rules.ExcludeNumbers ? "" : "0123456789",
    rules.ExcludePunctuation ? "" : punctuation,
    rules.IncludeSpace ? " " : "",
  ]
    .map((kind) => [...kind].filter((character) => !rules.ExcludeCharacters.includes(character)))
    .filter((kind) => kind.length > 0);
  const alphabet = kinds.flat();
  const needed = rules.RequireEachIncludedType ? kinds : [];
  if (alphabet.length === 0 || needed.length > rules.PasswordLength) {
    throw invalidParameter("The password length and the characters left to choose from do not allow a password of each required type.");
  }
  const pick = (from: readonly string[]): string => from[randomIndex(from.length, randomBytes)] ?? "";
  const characters = Array.from({ length: rules.PasswordLength }, (_, index) => pick(needed[index] ?? alphabet));
  // Fisher-Yates, so that the required types do not come first.
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomIndex(Math.min(last + 1, 256), randomBytes);
    [characters[last], characters[other]] = [characters[other] ?? "", characters[last] ?? ""];
  }
  return characters.join("");
}
