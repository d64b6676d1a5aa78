// The run id is the execution's name: one rule, applied wherever a run id enters.

/** Step Functions' longest execution name. */
export const runIdMaxLength = 80;

/** Narrower than what Step Functions takes as a name, so that a run id is safe in a path, a tag, an encryption context and a shell. */
const pattern = new RegExp(`^[0-9A-Za-z_-]{1,${runIdMaxLength}}$`);

export const isRunId = (text: unknown): text is string => typeof text === "string" && pattern.test(text);

/** For messages: what a run id may be. */
export const runIdRule = `1 to ${runIdMaxLength} characters of 0-9, A-Z, a-z, _ and -`;
