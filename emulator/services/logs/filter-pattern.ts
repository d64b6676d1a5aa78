// CloudWatch Logs filter patterns, as far as they are plain terms.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

import { notImplemented } from "../../aws-error.ts";

/** `ERROR timeout` all of them, `?A ?B` any of them, `-debug` none of them, `"two words"` as a phrase; case matters. */
export function filterPattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (/^[{[%]/.test(text)) throw notImplemented(`The log filter pattern ${text} (JSON, space-delimited and regular-expression patterns)`);
  const terms = [...text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign, phrase, word]) => ({
    sign,
    text: phrase === undefined ? (word ?? "") : phrase.replace(/\\(.)/g, "$1"),
  }));
  const having = (sign: string): readonly string[] => terms.filter((term) => term.sign === sign).map((term) => term.text);
  const [all, any, none] = [having(""), having("?"), having("-")];
  // AWS ignores `?` terms beside plain ones.
  const anyCounts = all.length === 0 && any.length > 0;
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (!anyCounts || any.some((term) => message.includes(term)));
}
