// Text that somebody else wrote, made fit for a place where people trust what they read.

/** One line: foreign text must not be able to begin a line of its own. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();

/** Longer than any name here; and what could be a key, a hash or base 64. */
const secretLike = /^.{65,}$|^[A-Za-z0-9+/=]{32,}$/u;
const sixDigits = /(?<![0-9])[0-9]{6}(?![0-9])/g;

/** One line of at most `length` characters, without what could be a secret by its form: a code, a key, a token, an envelope. */
export function reduced(text: string, length: number): string {
  const words = oneLine(text)
    .split(" ")
    .map((word) => (secretLike.test(word) ? "[…]" : word.replaceAll(sixDigits, "[six digits]")));
  // JSON may hold half of a surrogate pair, and so may what is cut.
  const line = words.join(" ").toWellFormed();
  return line.length <= length ? line : `${line.slice(0, length - 1).toWellFormed()}…`;
}
