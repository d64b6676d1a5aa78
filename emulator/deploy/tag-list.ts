// Tags as most CloudFormation resource types write them: a list of keys and values, over the stack's own.

import { z } from "zod";

export const tagList = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]);

/** The stack's tags with the resource's own on top. */
export const tagMap = (
  stack: Readonly<Record<string, string>>,
  own: readonly { readonly Key: string; readonly Value: string }[],
): ReadonlyMap<string, string> => new Map([...Object.entries(stack), ...own.map(({ Key, Value }): [string, string] => [Key, Value])]);
