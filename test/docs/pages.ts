// The repository's pages as their readers see them: links, headings, code blocks and what stands before each block.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { repositoryRoot } from "../../cli/local/repository.ts";

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The paragraph before it, on one line. */
  readonly lead: string;
  /** The headings that it stands under, outermost first. */
  readonly under: readonly string[];
}

export interface Link {
  readonly text: string;
  readonly target: string;
}

export interface Page {
  /** From the repository's root, as `docs/errors.md`. */
  readonly path: string;
  readonly headings: readonly string[];
  readonly links: readonly Link[];
  readonly blocks: readonly Block[];
  /** Texts in backticks outside of blocks. */
  readonly codes: readonly string[];
  /** Everything but the blocks. */
  readonly prose: string;
}

const passedOver = new Set(["node_modules", ".git", ".keyturn", "cdk.out"]);

function markdownUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passedOver.has(entry.name) ? [] : markdownUnder(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Every page of the repository. */
export const allPages = (): readonly Page[] => markdownUnder(repositoryRoot).map((path) => readPage(relative(repositoryRoot, path)));

export const readPage = (path: string): Page => parsePage(path, readFileSync(join(repositoryRoot, path), "utf8"));

export function parsePage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  const headings: { readonly level: number; readonly text: string }[] = [];
  let open: { readonly fence: string; readonly language: string; readonly lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    if (open !== undefined) {
      if (line.trim() !== open.fence) open.lines.push(line);
      else {
        blocks.push({ language: open.language, text: open.lines.join("\n"), lead: lastParagraph(prose), under: headingsAbove(headings) });
        open = undefined;
      }
      continue;
    }
    const fence = /^\s*(```+)(\S*)/.exec(line);
    if (fence !== null) {
      open = { fence: fence[1] ?? "", language: fence[2] ?? "", lines: [] };
      prose.push("");
      continue;
    }
    const heading = /^(#+) (.*)$/.exec(line);
    if (heading !== null) headings.push({ level: heading[1]?.length ?? 0, text: heading[2] ?? "" });
    prose.push(line);
  }
  if (open !== undefined) throw new Error(`${path}: a code block is not closed.`);
  const whole = prose.join("\n");
  return {
    path,
    headings: headings.map((heading) => heading.text),
    links: [...whole.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g)].map(([, label = "", target = ""]) => ({
      text: label.replaceAll(/\s+/g, " "),
      target,
    })),
    blocks,
    codes: [...whole.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replaceAll(/\s+/g, " ")),
    prose: whole,
  };
}

/** The headings that a place after `headings` stands under. */
function headingsAbove(headings: readonly { readonly level: number; readonly text: string }[]): string[] {
  const above: { readonly level: number; readonly text: string }[] = [];
  for (const heading of headings) {
    while ((above.at(-1)?.level ?? 0) >= heading.level) above.pop();
    above.push(heading);
  }
  return above.map(({ text }) => text);
}

const lastParagraph = (lines: readonly string[]): string =>
  lines
    .join("\n")
    .trimEnd()
    .split(/\n\s*\n/)
    .at(-1)
    ?.replaceAll(/\s+/g, " ")
    .trim() ?? "";

/** The prose under one heading, up to the next of its level or above. */
export function sectionOf({ prose, path }: Page, heading: string): string {
  const lines = prose.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`${path} has no section ${heading}.`);
  const level = /^#+/.exec(lines[start] ?? "")?.[0].length ?? 0;
  const length = lines.slice(start + 1).findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join("\n");
}

/** The cells of the tables in a text, without their headings. */
export const tableRows = (text: string): string[][] =>
  text
    .split(/\n(?!\|)/)
    .flatMap((part) =>
      part
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .slice(2),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

/** The fragment under which a heading is found, as GitHub makes it. */
export const fragmentOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
