// Policy variables: `${aws:username}` and its relatives inside Resource elements and string or ARN conditions.

import type { RequestContext } from "./context.ts";
import type { Piece } from "./pattern.ts";

interface Variable {
  /** Lower case: key names are not case-sensitive. */
  readonly key: string;
  readonly fallback: string | undefined;
}

/** A policy's text with its variables found. */
export interface Template {
  readonly text: string;
  readonly parts: readonly (Piece | Variable)[];
  /** The pieces, where there is nothing to look up. */
  readonly fixed: readonly Piece[] | undefined;
}

const escapes = new Set(["*", "?", "$"]);
const variableForm = /^\s*([^\s,']+)\s*(?:,\s*'((?:[^']|'')*)'\s*)?$/;
const variableAt = /\$\{((?:[^}']|'(?:[^']|'')*')*)\}/y;

/**
 * Finds the variables of `text`. Under version 2008-10-17 there are none: `${aws:username}` is plain text.
 *
 * @throws RangeError naming a variable that is not closed, empty or misspelt
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export const parseTemplate = (text: string, withVariables: boolean): Template => {
  const parts: (Piece | Variable)[] = [];
  let from = 0;
  for (let at = withVariables ? text.indexOf("${") : -1; at >= 0; at = text.indexOf("${", from)) {
    if (at > from) parts.push({ text: text.slice(from, at), verbatim: false });
    variableAt.lastIndex = at;
    const found = variableAt.exec(text);
    const inner = found?.[1];
    if (found === null || inner === undefined)
      throw new RangeError(`The variable that starts at ${JSON.stringify(text.slice(at))} is not closed`);
    if (escapes.has(inner)) parts.push({ text: inner, verbatim: true });
    else {
      const form = variableForm.exec(inner);
      if (form?.[1] === undefined) throw new RangeError(`The variable ${found[0]} is not of the form \${key} or \${key, 'default'}`);
      parts.push({ key: form[1].toLowerCase(), fallback: form[2]?.replaceAll("''", "'") });
    }
    from = at + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), verbatim: false });
  const fixed = parts.filter((part) => "text" in part);
  return { text, parts, fixed: fixed.length === parts.length ? fixed : undefined };
};

/**
 * Fills in the variables; undefined where the request lacks a value, or has several, and there is no default.
 */
export const resolveTemplate = (template: Template, context: RequestContext): readonly Piece[] | undefined => {
  if (template.fixed !== undefined) return template.fixed;
  const pieces: Piece[] = [];
  for (const part of template.parts) {
    if ("text" in part) pieces.push(part);
    else {
      const values = context.values(part.key);
      const value = values?.length === 1 ? values[0] : part.fallback;
      if (value === undefined) return undefined;
      pieces.push({ text: value, verbatim: true });
    }
  }
  return pieces;
};
