// What a shell may offer for the word under the cursor: read off the commands themselves, so that nothing has to be said twice.

import type { ArgsDef } from "citty";
import type { AnyCommand } from "../command.ts";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** `words`: what stands behind `keyturn` up to the cursor, the word under it last, perhaps empty. */
export async function candidates(root: AnyCommand, words: readonly string[]): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? "";
  const { command, rest } = await follow(root, words.slice(0, -1));
  const offered = await offers(command, { rest, current });
  return offered.filter(({ value }) => value.startsWith(current));
}

async function follow(
  command: AnyCommand,
  words: readonly string[],
): Promise<{ readonly command: AnyCommand; readonly rest: readonly string[] }> {
  const [word, ...rest] = words;
  const load =
    word !== undefined && command.commands !== undefined && Object.hasOwn(command.commands, word) ? command.commands[word] : undefined;
  return load === undefined ? { command, rest: words } : follow(await load(), rest);
}

async function offers(command: AnyCommand, { rest, current }: { rest: readonly string[]; current: string }): Promise<readonly Candidate[]> {
  const doesNothingItself = command.run === undefined;
  if (command.commands !== undefined && (doesNothingItself || (rest.length === 0 && !current.startsWith("-")))) {
    const named = Object.entries(command.commands).map(async ([value, load]): Promise<Candidate> => {
      const { meta } = await load();
      return { value, description: descriptionOf(meta) };
    });
    return rest.length === 0 ? Promise.all(named) : [];
  }
  const definitions = Object.entries((command.args ?? {}) as ArgsDef);
  const { positionals, given, open } = read(rest, definitions);
  if (open !== undefined) return valuesOf(command, { name: open, positionals });
  if (current.startsWith("-")) return optionsOf(definitions, { given, command });
  const [name] = definitions.filter(([, { type }]) => type === "positional")[positionals.length] ?? [];
  return name === undefined ? [] : valuesOf(command, { name, positionals });
}

type Definitions = readonly (readonly [string, ArgsDef[string]])[];

/** The words before the cursor: those that stand alone, the options among them, and an option that wants the next word for its value. */
function read(rest: readonly string[], definitions: Definitions) {
  const positionals: string[] = [];
  const given = new Set<string>();
  let open: string | undefined;
  for (const word of rest) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    if (!word.startsWith("--")) {
      positionals.push(word);
      continue;
    }
    const [name = ""] = word.slice(2).split("=");
    given.add(name);
    const type = definitions.find(([known]) => known === name)?.[1].type;
    if (type !== undefined && type !== "boolean" && !word.includes("=")) open = name;
  }
  return { positionals, given, open };
}

function optionsOf(
  definitions: Definitions,
  { given, command }: { given: ReadonlySet<string>; command: AnyCommand },
): readonly Candidate[] {
  const isRepeated = (name: string): boolean => command.repeated?.includes(name) === true;
  const options = definitions
    .filter(([, { type }]) => type !== "positional")
    // What is on unless it is turned off is offered the other way round.
    .map(([name, of]) => {
      const isOn = of.type === "boolean" && of.default === true;
      return { name: isOn ? `no-${name}` : name, description: (isOn ? of.negativeDescription : of.description) ?? "" };
    })
    .filter(({ name }) => !given.has(name) || isRepeated(name));
  return [...options, { name: "help", description: "Show what the command takes, with examples." }].map(({ name, description }) => ({
    value: `--${name}`,
    description,
  }));
}

async function valuesOf(
  { values = {} }: AnyCommand,
  { name, positionals }: { name: string; positionals: readonly string[] },
): Promise<readonly Candidate[]> {
  const known = await (Object.hasOwn(values, name) ? values[name]?.(positionals) : undefined);
  return (known ?? []).map((value) => ({ value, description: "" }));
}

const descriptionOf = (meta: AnyCommand["meta"]): string =>
  typeof meta === "object" && "description" in meta && typeof meta.description === "string" ? meta.description : "";
