// A command that a page tells its reader to type is one that exists, with the options it is given.

import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { main } from "../../cli/main.ts";
import packageManifest from "../../package.json" with { type: "json" };
import { allPages, type Page, parsePage } from "./pages.ts";

const scripts: Readonly<Record<string, string>> = packageManifest.scripts;
const shells = new Set(["sh", "bash", "console", "shell"]);

/** Command lines of a page: each line of its shell blocks, continued lines joined, and what stands in backticks. */
function commandLines({ blocks, codes }: Page): string[] {
  const typed = blocks.filter(({ language }) => shells.has(language)).flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, "").split("\n"));
  return [...typed, ...codes]
    .flatMap((line) =>
      line
        .replace(/^\s*\$ /, "")
        .replace(/(^|\s)#.*$/, "")
        .split("&&"),
    )
    .map((line) =>
      line
        .trim()
        .replace(/\.\.\.$|…$/, "")
        .trim(),
    );
}

/** The words after `keyturn` that a line leads to, or why it leads nowhere; undefined where the line is another program's. */
function keyturnWords(line: string): readonly string[] | string | undefined {
  const [program = "", ...words] = line.split(/\s+/);
  if (program === "keyturn") return words;
  if (program === "npx" && words[0] === "keyturn") return words.slice(1);
  if (program === "node" && words[0] === "cli/keyturn.mjs") return words.slice(1);
  if (program !== "npm" || (words[0] !== "run" && words[0] !== "test")) return undefined;
  const name = words[0] === "run" ? (words[1] ?? "") : "test";
  const script = scripts[name];
  if (script === undefined) return `package.json has no script ${name}`;
  const given = words.includes("--") ? words.slice(words.indexOf("--") + 1) : [];
  return keyturnWords(`${script} ${given.join(" ")}`.trim());
}

let output: MockInstance<typeof console.log>;
beforeEach(() => {
  output = vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** What is wrong with a command line. */
async function faultOf(line: string): Promise<string | undefined> {
  const words = keyturnWords(line);
  if (words === undefined || typeof words === "string") return words;
  if (words.length === 0 || words[0] === "--version") return undefined;
  output.mockClear();
  const code = await main([...words.filter((word) => !word.startsWith("-")), "--help"]);
  if (code !== 0) return `keyturn has no command ${words.join(" ")}`;
  const help = output.mock.calls.join("\n");
  const unknown = words
    .filter((word) => /^\[?--[a-z]/.test(word))
    .map((word) => word.replaceAll(/[[\]]/g, "").split("=")[0] ?? "")
    .filter((option) => option !== "--help" && !help.includes(option));
  return unknown.length === 0 ? undefined : `keyturn ${words.join(" ")} does not know ${unknown.join(", ")}`;
}

async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const line of new Set(commandLines(page))) {
    const fault = await faultOf(line);
    if (fault !== undefined) faults.push(`${line}: ${fault}`);
  }
  return faults;
}

describe("every command", () => {
  it.each(allPages().map((page) => [page.path, page] as const))("of %s exists", async (_path, page) => {
    expect(await faultsOf(page)).toEqual([]);
  });

  it("is there today: no page has a section of plans", () => {
    const plans = allPages().flatMap(({ path, headings }) =>
      headings.filter((heading) => /\bplanned\b|\broadmap\b|\bto do\b/i.test(heading)).map((heading) => `${path}: ${heading}`),
    );
    expect(plans).toEqual([]);
  });
});

describe("the check itself", () => {
  it("finds commands, scripts and options that do not exist", async () => {
    const page = parsePage(
      "sample.md",
      "```sh\nnpm run nothing\nnpx keyturn local strat\nnpx keyturn local start --prot 1\nnpm run demo -- --jsn\nnpm run keyturn -- jobs\n```\n\n`keyturn nonsense`",
    );
    expect(await faultsOf(page)).toEqual([
      "npm run nothing: package.json has no script nothing",
      "npx keyturn local strat: keyturn has no command local strat",
      "npx keyturn local start --prot 1: keyturn local start --prot 1 does not know --prot",
      "npm run demo -- --jsn: keyturn local demo --jsn does not know --jsn",
      "keyturn nonsense: keyturn has no command nonsense",
    ]);
  });
});
