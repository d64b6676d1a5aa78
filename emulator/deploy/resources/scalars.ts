// CloudFormation takes numbers and booleans as text too; services want them as what they are.

import { z } from "zod";

/** A whole number, also where a template or a parameter writes it as text. */
export const wholeNumber = (range: { from: number; to: number }) =>
  z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().int().min(range.from).max(range.to));

/** `true`, also as the text `"true"`. */
export const truth = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);
