// A command as `keyturn` knows it: citty's definition, examples for its help, and arguments that are checked instead of passed over.

import { parseArgs } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage } from "citty";
import { UsageError } from "./outcome.ts";

// citty types the arguments of a stored command by its own loose record; each command's `run` keeps its inferred ones.
export type AnyCommand = CommandDef & {
  readonly examples: readonly string[];
  readonly commands?: Commands;
  readonly values?: KnownValues;
  readonly repeated?: readonly string[];
};
export type Commands = Readonly<Record<string, () => Promise<AnyCommand>>>;

/** By argument: the values that are known beforehand, for a shell to offer. `positionals`: those that were given. */
type KnownValues = Readonly<Record<string, (positionals: readonly string[]) => readonly string[] | Promise<readonly string[]>>>;

/** A command that does something. `examples` are whole command lines; `repeated` names options that may be given several times. */
export const command = <const Arguments extends ArgsDef>(
  definition: CommandDef<Arguments> & {
    examples: readonly string[];
    values?: Partial<Record<keyof Arguments & string, KnownValues[string]>>;
    repeated?: readonly (keyof Arguments & string)[];
  },
): AnyCommand => {
  const { examples, values = {}, repeated = [], ...rest } = definition;
  // A member that is there has a value.
  return { ...(defineCommand(rest) as unknown as CommandDef), examples, values: values as KnownValues, repeated };
};

/** A word that only leads to other commands. */
export const commandGroup = (definition: {
  name: string;
  description: string;
  examples: readonly string[];
  commands: Commands;
}): AnyCommand => ({
  meta: { name: definition.name, description: definition.description },
  subCommands: definition.commands,
  examples: definition.examples,
  commands: definition.commands,
});

/** A command that does something by itself, and also leads to others. */
export const commandWithin = (own: AnyCommand, commands: Commands): AnyCommand => ({ ...own, subCommands: commands, commands });

export interface FoundCommand {
  readonly command: AnyCommand;
  /** The words that led to it, `keyturn` first. */
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

/** Follows `words` to the command they name; throws a UsageError, with what was probably meant, if there is none. */
export async function findCommand(
  root: AnyCommand,
  words: readonly string[],
  path: readonly string[] = ["keyturn"],
): Promise<FoundCommand> {
  const [word, ...rest] = words;
  if (root.commands === undefined || word === undefined || word.startsWith("-")) return { command: root, path, rest: words };
  const load = Object.hasOwn(root.commands, word) ? root.commands[word] : undefined;
  if (load !== undefined) return findCommand(await load(), rest, [...path, word]);
  const meant = closest(word, Object.keys(root.commands));
  throw new UsageError(
    `${path.join(" ")} has no command ${word}.${meant === undefined ? "" : ` Did you mean ${[...path, meant].join(" ")}?`} See ${path.join(" ")} --help.`,
  );
}

/** Throws a UsageError for an option or a word that the command does not take; citty itself ignores both. */
export function assertKnownArguments({ command, path, rest }: FoundCommand): void {
  const definitions = Object.entries((command.args ?? {}) as ArgsDef);
  const options = Object.fromEntries(
    definitions
      .filter(([, { type }]) => type !== "positional")
      .map(([name, { type }]) => [name, { type: type === "boolean" ? ("boolean" as const) : ("string" as const) }]),
  );
  const help = `See ${path.join(" ")} --help.`;
  assertKnownOptions(rest, { names: Object.keys(options), help });
  const { positionals } = parsed(
    () => parseArgs({ args: [...rest], options, allowPositionals: true, allowNegative: true, strict: true }),
    help,
  );
  const expected = definitions.filter(([, { type }]) => type === "positional");
  const extra = positionals[expected.length];
  if (extra !== undefined) throw new UsageError(`${path.join(" ")} does not take ${extra}. ${help}`);
  const missing = expected[positionals.length];
  if (missing !== undefined && missing[1].required !== false) {
    throw new UsageError(`${path.join(" ")} needs ${missing[0].toUpperCase()}: ${missing[1].description ?? ""}. ${help}`);
  }
}

/** Node's own words for it suggest nothing. */
function assertKnownOptions(rest: readonly string[], { names, help }: { names: readonly string[]; help: string }): void {
  const end = rest.indexOf("--");
  for (const word of end < 0 ? rest : rest.slice(0, end)) {
    const [, name] = /^--([^=]+)/.exec(word) ?? [];
    if (name === undefined || names.includes(name) || names.includes(name.replace(/^no-/, ""))) continue;
    const [no = "", positive = ""] = name.startsWith("no-") ? ["no-", name.slice(3)] : ["", name];
    const meant = closest(positive, names);
    throw new UsageError(`Unknown option '--${name}'.${meant === undefined ? "" : ` Did you mean --${no}${meant}?`} ${help}`);
  }
}

function parsed<Value>(parse: () => Value, help: string): Value {
  try {
    return parse();
  } catch (cause) {
    // Node adds advice about its own API after the first sentence.
    const [sentence] = (cause instanceof Error ? cause.message : String(cause)).split(". ");
    throw new UsageError(`${sentence}. ${help}`, { cause });
  }
}

/** Usage with examples, for `--help`. */
export async function helpText({ command, path }: FoundCommand): Promise<string> {
  const usage = await renderUsage(
    { ...command, meta: { ...(command.meta as object), name: path.at(-1) ?? "keyturn" } },
    path.length > 1 ? { meta: { name: path.slice(0, -1).join(" ") } } : undefined,
  );
  const examples = command.examples.map((example) => `  ${example}`).join("\n");
  return `${usage.trimEnd()}\n\nEXAMPLES\n\n${examples}\n`;
}

/** The candidate that differs least, if it differs little enough to be what was meant. */
function closest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.candidate.length / 2)) ? best.candidate : undefined;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
