// Which items and attributes a request touches, read from its keys and expressions, for `dynamodb:LeadingKeys` and `dynamodb:Attributes`.

import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { ownMember } from "../../own-member.ts";

/** The members of a data request that name attributes, whichever of them its operation has. */
export interface ItemRequest {
  readonly Item?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly Key?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly Keys?: readonly Readonly<Record<string, AttributeValue>>[] | undefined;
  readonly AttributesToGet?: readonly string[] | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

const keywords: ReadonlySet<string> = new Set(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"]);

const keyText = (value: AttributeValue | undefined): string | undefined =>
  value?.S ?? value?.N ?? (value?.B === undefined ? undefined : Buffer.from(value.B).toString("base64"));

/** An attribute may well be called `toString`. */
const aliased = (word: string, names: Readonly<Record<string, string>>): string => ownMember(names, word) ?? word;

/** Top-level attribute names in an expression: not values (`:v`), not what follows a dot, not functions or keywords. */
function namesIn(expression: string, names: Readonly<Record<string, string>>): readonly string[] {
  const words = expression.matchAll(/(?<![\w#:.])(#?[A-Za-z_]\w*)(?!\w)(?!\s*\()/g);
  return [...words].map(([, word = ""]) => aliased(word, names)).filter((word) => !keywords.has(word.toUpperCase()));
}

export function touchedAttributes(request: ItemRequest): readonly string[] {
  const names = request.ExpressionAttributeNames ?? {};
  const expressions = [
    request.ProjectionExpression,
    request.UpdateExpression,
    request.ConditionExpression,
    request.FilterExpression,
    request.KeyConditionExpression,
  ];
  const items = [request.Item, request.Key, ...(request.Keys ?? [])];
  return [
    ...new Set([
      ...items.flatMap((item) => Object.keys(item ?? {})),
      ...(request.AttributesToGet ?? []),
      ...expressions.flatMap((expression) => (expression === undefined ? [] : namesIn(expression, names))),
    ]),
  ];
}

/** The partition keys of the items that a request names; a query names one by its key condition. */
export function leadingKeys(request: ItemRequest, partitionKey: string): readonly string[] {
  const items = [request.Item, request.Key, ...(request.Keys ?? [])].map((item) => keyText(item?.[partitionKey]));
  const equals = /(#?[A-Za-z_]\w*)\s*=\s*(:\w+)/g;
  const conditions = [...(request.KeyConditionExpression ?? "").matchAll(equals)]
    .filter(([, name = ""]) => aliased(name, request.ExpressionAttributeNames ?? {}) === partitionKey)
    .map(([, , value = ""]) => keyText(request.ExpressionAttributeValues?.[value]));
  return [...items, ...conditions].filter((key) => key !== undefined);
}
