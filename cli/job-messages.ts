// What a job's log says to programs among what it says to people: the lines of jobs/outputs.ts.

import * as z from "zod";
import type { JobOutput, JobTable } from "../jobs/outputs.ts";

const Message = z.discriminatedUnion("keyturn", [
  z.object({ keyturn: z.literal("outputs"), outputs: z.array(z.object({ bucket: z.string(), key: z.string(), bytes: z.number() })) }),
  z.object({ keyturn: z.literal("table"), columns: z.array(z.string()), rows: z.array(z.array(z.string())), more: z.number() }),
]);

export interface JobMessages {
  /** The lines for people. */
  readonly text: readonly string[];
  readonly outputs: readonly JobOutput[];
  readonly table?: JobTable;
}

export function readJobMessages(log: readonly string[]): JobMessages {
  const text: string[] = [];
  const outputs: JobOutput[] = [];
  let table: JobTable | undefined;
  for (const line of log) {
    const message = line.startsWith('{"keyturn":') ? Message.safeParse(JSON.parse(line)) : undefined;
    if (message?.success !== true) text.push(line);
    else if (message.data.keyturn === "outputs") outputs.push(...message.data.outputs);
    else table = message.data;
  }
  return { text, outputs, ...(table === undefined ? {} : { table }) };
}
