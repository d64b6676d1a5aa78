// What a container may start where there is no container engine: Node, by itself or after `env` has taken variables away.

export interface ContainerProgram {
  /** An absolute path, or a name to be found by the container's own PATH. */
  readonly file: string;
  readonly arguments: readonly string[];
}

/** `undefined` where the words start anything else. */
export function containerProgram(words: readonly string[]): ContainerProgram | undefined {
  const [first, ...rest] = words;
  if (first === "node") return { file: process.execPath, arguments: rest };
  if (first !== "env") return undefined;
  let at = 0;
  while (rest[at] === "-u" && rest[at + 1] !== undefined) at += 2;
  // This machine's env does it, so that a mistake in the words is one here too; it finds this very Node by the container's PATH.
  return rest[at] === "node" ? { file: "env", arguments: rest } : undefined;
}
