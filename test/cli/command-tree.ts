// Every command there is, read off the tree of commands.

import type { AnyCommand } from "../../cli/command.ts";
import { root } from "../../cli/main.ts";

export interface Placed {
  /** `keyturn` first. */
  readonly path: readonly string[];
  readonly command: AnyCommand;
}

export const everyCommand = (): Promise<readonly Placed[]> => below(root, ["keyturn"]);

async function below(command: AnyCommand, path: readonly string[]): Promise<Placed[]> {
  const children = Object.entries(command.commands ?? {}).map(async ([name, load]) => below(await load(), [...path, name]));
  return [{ path, command }, ...(await Promise.all(children)).flat()];
}
