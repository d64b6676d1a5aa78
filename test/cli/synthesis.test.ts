import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { synthesise } from "../../cli/local/synthesis.ts";

/** An app that writes what it was given, and a line for each time that it ran. */
const app = `
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
appendFileSync("runs.log", "run\\n");
const output = process.env.CDK_OUTDIR;
writeFileSync(join(output, "context.json"), process.env.CDK_CONTEXT_JSON);
writeFileSync(join(output, "account.json"), JSON.stringify(process.env.CDK_DEFAULT_ACCOUNT ?? null));
writeFileSync(join(output, "manifest.json"), "{}");
`;

let root: string;
const runs = (): number => readFileSync(join(root, "runs.log"), "utf8").split("\n").length - 1;
const content = (assembly: string, file: string): unknown => JSON.parse(readFileSync(join(assembly, file), "utf8"));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "synthesis-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ["infra", "workflows", "tasks", "jobs", "core"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "infra", "app.ts"), app);
  writeFileSync(join(root, "core", "naming.ts"), "export {};");
  writeFileSync(join(root, "keyturn.config.ts"), "export {};");
  writeFileSync(join(root, "package-lock.json"), "{}");
  writeFileSync(join(root, "cdk.json"), JSON.stringify({ app: "node infra/app.ts", context: { flag: true } }));
});

describe("a synthesis", () => {
  it("is reused while nothing that goes into it has changed", async () => {
    const first = await synthesise(root);
    const second = await synthesise(root);
    expect([first.reused, second.reused, second.assembly === first.assembly, runs()]).toEqual([false, true, true, 1]);
  });

  it.each(["core/naming.ts", "infra/added.ts", "keyturn.config.ts", "package-lock.json", "cdk.json"])(
    "is made anew when %s changes",
    async (path) => {
      const first = await synthesise(root);
      writeFileSync(join(root, path), '{ "changed": 1 }');
      const second = await synthesise(root);
      expect(second.reused).toBe(false);
      expect(second.assembly).not.toBe(first.assembly);
    },
  );

  it("gets the context that the CDK's own CLI would give it, and no account of whoever runs it", async () => {
    process.env["CDK_DEFAULT_ACCOUNT"] = "999999999999";
    onTestFinished(() => {
      delete process.env["CDK_DEFAULT_ACCOUNT"];
    });
    const { assembly } = await synthesise(root);
    expect(content(assembly, "context.json")).toEqual({ flag: true });
    expect(content(assembly, "account.json")).toBeNull();
  });

  it("is made once for callers that come at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => synthesise(root)));
    expect(new Set(all.map(({ assembly }) => assembly)).size).toBe(1);
    expect(all.filter(({ reused }) => !reused)).toHaveLength(1);
    expect(runs()).toBe(1);
  });

  it("does not wait for a caller that died with the lock in its hand", async () => {
    const { assembly } = await synthesise(root);
    rmSync(assembly, { recursive: true });
    const dead = spawnSync(process.execPath, ["--version"]).pid;
    writeFileSync(`${assembly}.lock`, String(dead));
    await expect(synthesise(root)).resolves.toMatchObject({ reused: false });
  });

  it("that fails says what the app said, and leaves nothing behind", async () => {
    writeFileSync(join(root, "infra", "app.ts"), 'console.error("no such zone"); process.exitCode = 3;');
    await expect(synthesise(root)).rejects.toThrow("node infra/app.ts ended with 3):\nno such zone");
    expect(readdirSync(join(root, ".keyturn", "synthesis"))).toEqual([]);
  });

  it("stops when it is interrupted", async () => {
    writeFileSync(join(root, "infra", "app.ts"), 'import { setInterval } from "node:timers"; setInterval(() => {}, 1000);');
    const controller = new AbortController();
    const synthesising = synthesise(root, { signal: controller.signal });
    controller.abort();
    await expect(synthesising).rejects.toThrow("aborted");
    expect(readdirSync(join(root, ".keyturn", "synthesis"))).toEqual([]);
  });

  it("in a folder that is not Keyturn's says what is missing", async () => {
    rmSync(join(root, "workflows"), { recursive: true });
    await expect(synthesise(root)).rejects.toThrow(`${join(root, "workflows")} is missing`);
  });
});
