// Pages point at each other, at code and at tests: whatever they point at is there.

import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { allPages, fragmentOf, type Page, parsePage, readPage } from "./pages.ts";

const pages = allPages();

/** What is wrong with the links of a page. */
function brokenLinks(page: Page): string[] {
  return page.links.flatMap(({ target }) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = "", fragment] = target.split("#");
    const path = file === "" ? page.path : normalize(join(dirname(page.path), file));
    if (path !== page.path && !existsSync(join(repositoryRoot, path))) return [`${target}: there is no ${path}`];
    if (fragment === undefined) return [];
    const headings = path === page.path ? page.headings : readPage(path).headings;
    return headings.map(fragmentOf).includes(fragment) ? [] : [`${target}: ${path} has no such heading`];
  });
}

/** Texts in backticks that look like a path of this repository, and are none. */
const missingPaths = ({ codes }: Page): string[] =>
  codes.filter((code) => {
    const isPath = /^(core|jobs|tasks|workflows|infra|policy|emulator|cli|test|bench|docs)\/[\w./-]*$/.test(code);
    if (!isPath || !(code.endsWith("/") || /\.\w+$/.test(code))) return false;
    const path = join(repositoryRoot, code);
    return !existsSync(path) || statSync(path).isDirectory() !== code.endsWith("/");
  });

describe("every page", () => {
  it("is found: the README, the pages it names, the decisions", () => {
    const paths = pages.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["README.md", "docs/threat-model.md", "docs/emulator.md"]));
    expect(paths.filter((path) => path.startsWith("docs/decisions/")).length).toBeGreaterThan(10);
  });

  it.each(pages.map((page) => [page.path, page] as const))("%s points only at what is there", (_path, page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it.each(pages.map((page) => [page.path, page] as const))("%s names only files that are there", (path, page) => {
    // The walkthrough makes files; its own test makes them too.
    expect(path === "docs/adding-a-job.md" ? [] : missingPaths(page)).toEqual([]);
  });

  it("of docs/ can be reached from the README", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const { target } of path.endsWith(".md") ? readPage(path).links : []) {
        const linked = normalize(join(dirname(path), target.split("#")[0] ?? ""));
        if (linked.endsWith(".md") && existsSync(join(repositoryRoot, linked))) reached.add(linked);
      }
    }
    const records = /^docs\/decisions\/\d/;
    expect(pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && !records.test(path) && !reached.has(path))).toEqual(
      [],
    );
  });
});

describe("the check itself", () => {
  const page = parsePage(
    "docs/sample.md",
    "# A heading\n\n[a](nowhere.md) [b](#a-heading) [c](#another) [d](https://example.com)\n\n`core/nothing.ts`",
  );

  it("finds a file and a heading that are not there", () => {
    expect(brokenLinks(page)).toEqual(["nowhere.md: there is no docs/nowhere.md", "#another: docs/sample.md has no such heading"]);
  });

  it("finds a path that is not there", () => {
    expect(missingPaths(page)).toEqual(["core/nothing.ts"]);
  });
});
