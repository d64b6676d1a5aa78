// The part of the Dockerfile language that a job's image needs; an instruction outside it is refused by name rather than half obeyed.

/** What the Dockerfile says about running the image. */
export interface ImageRecipe {
  /** Absolute path inside the image. */
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** In order; sources are relative to the build context, the destination is absolute inside the image. */
  readonly copies: readonly { readonly sources: readonly string[]; readonly destination: string }[];
}

/** The Dockerfile cannot be used here; the message names the line and what is wrong with it. */
export class DockerfileRefused extends Error {
  override readonly name = "DockerfileRefused";
}

type Draft = { -readonly [Member in keyof ImageRecipe]: ImageRecipe[Member] };
type Instruction = (rest: string, draft: Draft) => void;

const nodeImage = /^(?:[\w.-]+(?::\d+)?\/)*node(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;

const instructions: Readonly<Record<string, Instruction>> = {
  WORKDIR(rest, draft) {
    draft.workingDirectory = absolute(plain(rest), draft.workingDirectory);
  },
  COPY(rest, draft) {
    const words = rest.startsWith("[") ? execForm(rest) : rest.split(/\s+/);
    // The owner of the files is whoever runs the emulator.
    const paths = words.filter((word) => !/^--chown=/.test(word)).map(plain);
    const flag = paths.find((word) => word.startsWith("--"));
    if (flag !== undefined) throw new Error(`COPY ${flag} is not modelled`);
    const destination = paths.pop();
    if (destination === undefined || paths.length === 0) throw new Error("COPY needs a source and a destination");
    const isFolder = destination.endsWith("/") || destination === "." || paths.length > 1;
    const path = absolute(destination, draft.workingDirectory);
    draft.copies = [...draft.copies, { sources: paths, destination: isFolder && !path.endsWith("/") ? `${path}/` : path }];
  },
  ENV(rest, draft) {
    draft.environment = { ...draft.environment, ...assignments(rest) };
  },
  USER(rest, draft) {
    draft.user = plain(rest);
  },
  ENTRYPOINT(rest, draft) {
    draft.entryPoint = execForm(rest);
    // As Docker does: an entry point forgets the base image's command.
    draft.command = [];
  },
  CMD(rest, draft) {
    draft.command = execForm(rest);
  },
};

/** Throws `DockerfileRefused`. */
export function parseDockerfile(text: string): ImageRecipe {
  const draft: Draft = { workingDirectory: "/", environment: {}, user: "root", entryPoint: [], command: ["node"], copies: [] };
  let hasBase = false;
  for (const { number, line } of logicalLines(text)) {
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    const name = word.toUpperCase();
    try {
      if (name === "FROM") {
        if (hasBase) throw new Error("a second FROM (multi-stage builds) is not modelled");
        assertNodeBase(rest);
        hasBase = true;
        continue;
      }
      const instruction = instructions[name];
      if (instruction === undefined) throw new Error(`${name} is not modelled; use FROM, WORKDIR, COPY, ENV, USER, ENTRYPOINT and CMD`);
      if (!hasBase) throw new Error("the first instruction must be FROM");
      instruction(rest, draft);
    } catch (cause) {
      throw new DockerfileRefused(`Dockerfile line ${number} (${line}): ${(cause as Error).message}.`, { cause });
    }
  }
  if (!hasBase) throw new DockerfileRefused("Dockerfile: there is no FROM.");
  return draft;
}

function assertNodeBase(rest: string): void {
  const words = rest.split(/\s+/).filter((word) => !word.startsWith("--platform="));
  if (words.length !== 1 || !nodeImage.test(words[0] ?? "")) throw new Error(`FROM ${rest} is not a plain Node.js image`);
}

function logicalLines(text: string): { number: number; line: string }[] {
  const lines: { number: number; line: string }[] = [];
  let open: { number: number; line: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const current = open ?? { number: index + 1, line: "" };
    const continues = line.endsWith("\\");
    current.line += `${current.line === "" ? "" : " "}${continues ? line.slice(0, -1).trim() : line}`;
    if (continues) open = current;
    else {
      lines.push(current);
      open = undefined;
    }
  }
  return open === undefined ? lines : [...lines, open];
}

function execForm(rest: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(rest);
  } catch {
    value = undefined;
  }
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) {
    throw new Error('the shell form is not modelled; write ["program", "argument"]');
  }
  return value;
}

function assignments(rest: string): Record<string, string> {
  const pairs = [...rest.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|\S*)(?:\s+|$)/gy)];
  if (pairs.length === 0 || pairs.map(([whole]) => whole).join("") !== rest) throw new Error("write ENV as NAME=value");
  return Object.fromEntries(
    pairs.map(([, name = "", value = ""]) => [name, plain(value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value)]),
  );
}

/** Refuses variables: there are none at build time without ARG. */
function plain(text: string): string {
  if (text.includes("$")) throw new Error("variables are not modelled");
  return text;
}

function absolute(path: string, workingDirectory: string): string {
  const { pathname } = new URL(path, `file://${workingDirectory.endsWith("/") ? workingDirectory : `${workingDirectory}/`}`);
  return decodeURIComponent(pathname.length > 1 && !path.endsWith("/") ? pathname.replace(/\/$/, "") : pathname);
}
