// `keyturn completion SHELL`: the script that makes a shell complete keyturn's words.

import { resolve } from "node:path";
import { command } from "./command.ts";
import { completionScript, installing, type Shell, shells } from "./completion/scripts.ts";
import { UsageError } from "./outcome.ts";

export const completion = command({
  meta: { name: "completion", description: "Print the script that makes a shell complete keyturn's commands, options and values." },
  args: { shell: { type: "positional", required: true, description: shells.join(", ") } },
  values: { shell: () => shells },
  examples: shells.map((shell) => installing[shell]),
  run: ({ args }) => {
    console.log(completionScript(shellOf(args.shell), resolve(import.meta.dirname, "keyturn.mjs")).trimEnd());
  },
});

function shellOf(text: string): Shell {
  const shell = shells.find((one) => one === text);
  if (shell !== undefined) return shell;
  throw new UsageError(`keyturn completes words in ${shells.join(", ")}, not in ${text}. See keyturn completion --help.`);
}
