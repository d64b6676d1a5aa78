// The commands that a notification tells its reader to answer with, taken from the message that a person would get.

import { composeNotification } from "../../tasks/request-mfa/task.ts";
import { sampleOrder } from "../tasks/sample-job.ts";

/** What stands indented under way 2, with the code in its place. */
export function answeringCommands(execution: string, code: string): string {
  const deadline = new Date(Date.now() + 3_600_000).toISOString();
  const { message } = composeNotification(
    { order: sampleOrder(), because: "no-code", execution, deadline },
    { nowMs: Date.now(), lock: { maxRefusals: 5, seconds: 900 } },
  );
  const [, way = ""] = /\n2\. ([\s\S]*?)\n3\. /.exec(message) ?? [];
  const commands = way.split("\n").filter((line) => line.startsWith("    "));
  if (!commands.some((line) => line.includes("jq ")) || !commands.some((line) => line.includes("CODE")))
    throw new Error(`the notification has no commands to answer with:\n${message}`);
  return commands.join("\n").replace("CODE", code);
}
