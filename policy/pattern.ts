// Wildcard matching as IAM does it: `*` is any run of characters, `?` exactly one, and ARNs are compared part by part.

/** Text of a policy: where `verbatim`, its `*` and `?` are plain characters (a variable's value, `${*}`). */
export interface Piece {
  readonly text: string;
  readonly verbatim: boolean;
}

const anyRun = -1;
const anyOne = -2;
const colon = 58;

/** UTF-16 code units, or the wildcards above. */
type Tokens = readonly number[];

export type Matcher = (value: string) => boolean;

const tokensOf = (pieces: readonly Piece[]): Tokens => {
  const tokens: number[] = [];
  for (const { text, verbatim } of pieces) {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (verbatim || (unit !== 42 && unit !== 63)) tokens.push(unit);
      else if (unit === 63) tokens.push(anyOne);
      else if (tokens.at(-1) !== anyRun) tokens.push(anyRun);
    }
  }
  return tokens;
};

const hasWildcard = (tokens: Tokens): boolean => tokens.some((token) => token < 0);

/** Whether `value` from `start` to `end` matches: backtracks to the last `*` only, so its time is bounded by the product of the lengths. */
const globMatches = (tokens: Tokens, value: string, { start, end }: { start: number; end: number }): boolean => {
  let at = start;
  let token = 0;
  let starToken = -1;
  let starAt = start;
  while (at < end) {
    const expected = tokens[token];
    if (expected === anyRun) {
      starToken = token++;
      starAt = at;
    } else if (expected !== undefined && (expected === anyOne || expected === value.charCodeAt(at))) {
      token++;
      at++;
    } else if (starToken >= 0) {
      token = starToken + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === anyRun) token++;
  return token === tokens.length;
};

/** Matches a whole string, case-sensitively. */
export const compileGlob = (pieces: readonly Piece[]): Matcher => {
  const tokens = tokensOf(pieces);
  if (tokens.length === 1 && tokens[0] === anyRun) return () => true;
  if (!hasWildcard(tokens)) {
    const literal = pieces.map(({ text }) => text).join("");
    return (value) => value === literal;
  }
  return (value) => globMatches(tokens, value, { start: 0, end: value.length });
};

/** The first five parts of an ARN and the rest, which keeps its colons. */
const arnParts = (tokens: Tokens): Tokens[] => {
  const parts: Tokens[] = [];
  let start = 0;
  for (let at = 0; at < tokens.length && parts.length < 5; at++) {
    if (tokens[at] !== colon) continue;
    parts.push(tokens.slice(start, at));
    start = at + 1;
  }
  parts.push(tokens.slice(start));
  return parts;
};

/**
 * The value of a `Resource` element. Wildcards stay within their part of the ARN, but a `*` that ends a part may reach over colons.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export const compileResource = (pieces: readonly Piece[]): Matcher => {
  const tokens = tokensOf(pieces);
  if (!hasWildcard(tokens) || tokens.length === 1) return compileGlob(pieces);
  const parts = arnParts(tokens);
  const matchesFrom = (index: number, value: string, start: number): boolean => {
    const part = parts[index] ?? [];
    const reachesOver = part.at(-1) === anyRun;
    if (index === parts.length - 1) {
      if (index < 5 && !reachesOver && value.indexOf(":", start) >= 0) return false;
      return globMatches(part, value, { start, end: value.length });
    }
    for (let end = value.indexOf(":", start); end >= 0; end = value.indexOf(":", end + 1)) {
      if (globMatches(part, value, { start, end }) && matchesFrom(index + 1, value, end + 1)) return true;
      if (!reachesOver) return false;
    }
    return false;
  };
  return (value) => matchesFrom(0, value, 0);
};

/**
 * The value of an `Arn*` condition: each of the six parts is checked on its own; a lone `*` is any ARN.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export const compileArn = (pieces: readonly Piece[]): Matcher => {
  const tokens = tokensOf(pieces);
  const parts = tokens.length === 1 && tokens[0] === anyRun ? Array.from({ length: 6 }, () => tokens) : arnParts(tokens);
  return (value) => {
    if (parts.length !== 6) return false;
    let start = 0;
    for (const [index, part] of parts.entries()) {
      const end = index === 5 ? value.length : value.indexOf(":", start);
      if (end < 0 || !globMatches(part, value, { start, end })) return false;
      start = end + 1;
    }
    return true;
  };
};
