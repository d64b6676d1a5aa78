// A copy of the repository in which a page's instructions are carried out, block by block, as its reader would.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { repositoryRoot } from "../../cli/local/repository.ts";
import type { Block } from "./pages.ts";

/** What no instruction needs: dependencies are linked, the rest is made anew or only read by people. */
const leftOut = new Set(["node_modules", ".git", ".keyturn", "cdk.out", "test", "bench", "docs"]);

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

export class FollowedCopy {
  readonly root: string;

  constructor(from: string = repositoryRoot) {
    this.root = mkdtempSync(join(tmpdir(), "keyturn-followed-"));
    for (const name of readdirSync(from)) {
      if (!leftOut.has(name)) cpSync(join(from, name), join(this.root, name), { recursive: true });
    }
    symlinkSync(join(repositoryRoot, "node_modules"), join(this.root, "node_modules"));
  }

  /** Does what a block asks, if it asks for a file to be written or changed: its lead ends with "Write `path`:" or "Change `path`:". */
  apply({ lead, language, text }: Block): void {
    const [, verb, path] = /\b(Write|Change) `([^`]+)`:$/.exec(lead) ?? [];
    if (verb === undefined || path === undefined) return;
    const file = join(this.root, path);
    if (verb === "Write") {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${text}\n`, { flag: "wx" });
      return;
    }
    if (language !== "diff") throw new Error(`${path} is to be changed by a block of ${language}; a change is a diff.`);
    writeFileSync(file, changed(readFileSync(file, "utf8"), text, path));
  }

  /** Runs one command line in the copy, with the Node that npm installed first on the path, as in npm's own scripts. */
  async run(line: string): Promise<Outcome> {
    const { FORCE_COLOR: _forceColor, NODE_OPTIONS: _nodeOptions, ...inherited } = process.env;
    const child = spawn("sh", ["-c", line], {
      cwd: this.root,
      env: { ...inherited, NO_COLOR: "1", PATH: [join(repositoryRoot, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { code, output };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The text after a diff without line numbers, whose old lines must stand in it exactly once. */
export function changed(text: string, diff: string, path: string): string {
  const lines = diff.split("\n").map((line) => ({ mark: line[0] ?? " ", text: line.slice(1) }));
  const side = (without: string) =>
    `${lines
      .filter(({ mark }) => mark !== without)
      .map((line) => line.text)
      .join("\n")}\n`;
  const [before, after] = [side("+"), side("-")];
  const found = text.split(before).length - 1;
  if (found !== 1) throw new Error(`${path} has ${found === 0 ? "nowhere" : `${found} times`} what is to be changed:\n${before}`);
  return text.replace(before, () => after);
}
