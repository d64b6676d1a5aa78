// What a job's log says to programs among what it says to people: the line of jobs/outputs.ts.

import * as z from "zod";
import type { JobOutput } from "../jobs/outputs.ts";

const Message = z.object({
  keyturn: z.literal("outputs"),
  outputs: z.array(z.object({ bucket: z.string(), key: z.string(), bytes: z.number() })),
});

export interface JobMessages {
  /** The lines for people. */
  readonly text: readonly string[];
  readonly outputs: readonly JobOutput[];
}

export function readJobMessages(log: readonly string[]): JobMessages {
  const text: string[] = [];
  const outputs: JobOutput[] = [];
  for (const line of log) {
    const message = Message.safeParse(jsonOf(line));
    if (message.success) outputs.push(...message.data.outputs);
    else text.push(line);
  }
  return { text, outputs };
}

function jsonOf(line: string): unknown {
  if (!line.startsWith('{"keyturn":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // Any program may print anything: what only begins like a message is a line for people.
    return undefined;
  }
}
