// What holds for every command, whoever adds it: read off the tree of commands, not off a list.

import type { ArgsDef } from "citty";
import { describe, expect, it } from "vitest";
import { assertKnownArguments, findCommand, helpText } from "../../cli/command.ts";
import { root } from "../../cli/main.ts";
import { everyCommand } from "./command-tree.ts";

const all = await everyCommand();
const titled = all.map((placed) => [placed.path.join(" "), placed] as const);

/** The words behind `keyturn`, as a shell would hand them over; what a shell itself does with them is left out. */
function wordsOf(example: string): string[] {
  const [, line = ""] = /(?:^|\()keyturn ?([^)|#]*)/.exec(example) ?? [];
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? "");
}

it("finds the commands of every level", () => {
  const paths = titled.map(([path]) => path);
  expect(paths).toEqual(expect.arrayContaining(["keyturn", "keyturn run", "keyturn admin", "keyturn admin enroll", "keyturn completion"]));
});

describe.each(titled)("%s", (_title, { path, command }) => {
  it("shows in its help what it does, and examples", async () => {
    const help = await helpText({ command, path, rest: [] });
    const { description } = command.meta as { description?: string };
    expect(description).toMatch(/^[A-Z].+\.$/);
    expect(help).toContain("EXAMPLES");
    expect(command.examples.length).toBeGreaterThan(0);
  });

  it("has examples that are command lines of its own", async () => {
    for (const example of command.examples) {
      const found = await findCommand(root, wordsOf(example));
      expect(found.path.slice(0, path.length), example).toEqual(path);
      expect(() => assertKnownArguments(found), example).not.toThrow();
    }
  });

  it("describes every argument that it takes", () => {
    const undescribed = Object.entries((command.args ?? {}) as ArgsDef).filter(([, { description }]) => !description);
    expect(undescribed.map(([name]) => name)).toEqual([]);
  });
});
