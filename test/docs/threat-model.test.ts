// The threat model's proofs: each link to a test names one that exists, and no attacker is without.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { allPages, type Link, readPage, sectionOf } from "./pages.ts";

interface CollectedTest {
  readonly name: string;
  readonly file: string;
}

/** Links to tests of a page, by the test's path; a link whose text is no title shows the file as a whole. */
const proofsOf = ({ path, links }: { path: string; links: readonly Link[] }) =>
  links
    .filter(({ text, target }) => target.endsWith(".test.ts") && !/^`.*`$/.test(text) && text.toLowerCase() !== "a test")
    .map(({ text, target }) => ({ page: path, title: text, file: normalize(join(dirname(path), target)) }));

/** Titles as tests print them: of a test with its groups, of the test alone, and of each group alone. */
function titlesOf({ name }: CollectedTest): string[] {
  const parts = name.split(" > ");
  return [parts.join(" "), ...parts.map((_part, index) => parts.slice(index).join(" ")), ...parts];
}

/** What vitest finds in the files; nothing is run. `parsed` reads titles as they are written, `loaded` with the rows of tables filled in, which takes long. */
function collect(files: readonly string[], how: "parsed" | "loaded"): ReadonlyMap<string, ReadonlySet<string>> {
  const folder = mkdtempSync(join(tmpdir(), "keyturn-titles-"));
  try {
    const list = join(folder, "tests.json");
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|TEST$)/.test(name)));
    const vitest = join(repositoryRoot, "node_modules", "vitest", "vitest.mjs");
    execFileSync(process.execPath, [vitest, "list", `--staticParse=${how === "parsed"}`, `--json=${list}`, ...files], {
      cwd: repositoryRoot,
      env: environment,
      stdio: "pipe",
    });
    const tests = Map.groupBy(JSON.parse(readFileSync(list, "utf8")) as CollectedTest[], ({ file }) =>
      file.slice(repositoryRoot.length + 1),
    );
    return new Map([...tests].map(([file, collected]) => [file, new Set(collected.flatMap(titlesOf))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const proofs = allPages().flatMap(proofsOf);
const plain = (title: string): string => title.replaceAll("`", "");
let titles: ReadonlyMap<string, ReadonlySet<string>>;

beforeAll(() => {
  const parsed = collect([...new Set(proofs.map(({ file }) => file))], "parsed");
  const rows = proofs.filter(({ file, title }) => !parsed.get(file)?.has(plain(title)));
  titles = new Map([...parsed, ...collect([...new Set(rows.map(({ file }) => file))], "loaded")]);
}, 300_000);

describe("a proof", () => {
  it.each(proofs.map((proof) => [`${proof.page}: ${proof.title}`, proof] as const))("exists, %s", (_name, { title, file }) => {
    expect(titles.get(file), file).toContain(plain(title));
  });
});

describe("the threat model", () => {
  const page = readPage("docs/threat-model.md");
  const notAttackers = ["Threat model", "What is protected", "Compromised code of a Lambda", "What lives where, for how long"];
  const attackers = page.headings.filter((heading) => !notAttackers.includes(heading));

  it("goes through every attacker that it should", () => {
    expect(attackers.length).toBeGreaterThanOrEqual(18);
    for (const role of ["admit-run", "request-mfa", "validate-mfa", "retrieve-credentials", "authorize-submission", "rotate-admin-key"]) {
      expect(attackers).toContain(`\`${role}\``);
    }
  });

  it.each(attackers)("says of %s what they get, what stops them with a test, and what remains", (attacker) => {
    const section = sectionOf(page, attacker);
    expect(section).toMatch(/\*\*[Gg]ets\.?\*\*/);
    expect(section).toContain("**Stopped by.**");
    expect(section).toContain("**Remains.**");
    expect(section).toMatch(/\.test\.ts\)/);
  });
});
