// Text that somebody else wrote, made fit for a place where people trust what they read.

/** One line: foreign text must not be able to begin a line of its own. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();

const longestWord = 64;

/**
 * One line of at most `length` characters, without what could be a secret by its form: six digits (a code), and words that are longer than a
 * name is (envelopes, tokens, base 64; the longest ARNs too).
 */
export function reduced(text: string, length: number): string {
  const words = oneLine(text)
    .split(" ")
    .map((word) => (word.length > longestWord ? "[…]" : word.replaceAll(/(?<![0-9])[0-9]{6}(?![0-9])/g, "[six digits]")));
  // JSON may hold half of a surrogate pair, and so may what is cut.
  const line = words.join(" ").toWellFormed();
  return line.length <= length ? line : `${line.slice(0, length - 1).toWellFormed()}…`;
}
