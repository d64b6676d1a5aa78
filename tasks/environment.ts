// The Lambda's environment, parsed once when it starts; a missing variable is a deployment's fault and ends the start.

import * as z from "zod/mini";

/** A variable that holds JSON text of `schema`'s form. */
export const jsonText = <Schema extends z.ZodMiniType>(schema: Schema) =>
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text, context) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          context.issues.push({ code: "custom", message: "is no JSON", input: text });
          return z.NEVER;
        }
      }),
    ),
    schema,
  );

/** A variable that holds a whole number. */
export const wholeNumber = z.pipe(z.string().check(z.regex(/^[0-9]{1,9}$/, "is no whole number")), z.transform(Number));

/** Throws a plain Error naming every variable that is missing or malformed, never a value. */
export function parseEnvironment<Schema extends z.ZodMiniType>(schema: Schema, environment: NodeJS.ProcessEnv): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const names = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  throw new Error(`This function's environment lacks or misspells ${names.join(", ")}. Deploy the workflow stack again.`);
}

/** What the stacks made of each job (`KEYTURN_PLAN`). */
export const deployedJob = z.object({
  jobDefinition: z.string(),
  jobRole: z.string(),
  jobQueue: z.string(),
  queueSeconds: z.int().check(z.minimum(0)),
});
