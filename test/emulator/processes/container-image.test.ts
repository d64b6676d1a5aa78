// Build contexts laid out to run: where files end up, and what cannot run without an engine.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ContainerImages } from "../../../emulator/processes/container-image.ts";

const images = new ContainerImages();
const contexts: string[] = [];

afterEach(() => Promise.all(contexts.splice(0).map((folder) => rm(folder, { recursive: true }))));

async function context(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "context-"));
  contexts.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

it("copies as Docker does, once per context, and clears up", async () => {
  const Dockerfile = 'FROM node:24\nWORKDIR /job\nCOPY src lib\nCOPY a.mjs .\nCOPY a.mjs /job/renamed.mjs\nENTRYPOINT ["node", "a.mjs"]';
  const folder = await context({ Dockerfile, "src/inner/x.mjs": "x", "a.mjs": "a" });
  const of = new ContainerImages();
  const staged = await of.stage(folder);
  expect(await of.stage(folder)).toBe(staged);
  expect(basename(staged.workingFolder)).toBe("job");
  expect((await readdir(staged.workingFolder)).sort()).toEqual(["a.mjs", "lib", "renamed.mjs"]);
  expect(await readFile(join(staged.workingFolder, "lib/inner/x.mjs"), "utf8")).toBe("x");
  expect(await readdir(staged.homeFolder)).toEqual([]);
  await of.stop();
  await expect(stat(staged.workingFolder)).rejects.toThrow("ENOENT");
});

it.each([
  ['ENTRYPOINT ["sh", "x.sh"]', "only node can be started"],
  ['ENTRYPOINT ["env", "sh", "x.sh"]', "The image starts env sh x.sh; without a container engine only node can be started"],
  ['ENTRYPOINT ["env", "-i", "node", "x.mjs"]', "by itself or after env -u NAME"],
  ['ENTRYPOINT ["env", "-u", "A", "A=1", "node", "x.mjs"]', "by itself or after env -u NAME"],
  ['ENTRYPOINT ["env", "-u", "A", "node", "/job/x.mjs"]', "use a path relative to WORKDIR"],
  ['ENTRYPOINT ["node", "/job/x.mjs"]', "use a path relative to WORKDIR"],
  ["COPY ../secret .", "outside the build context"],
  ["COPY *.mjs .", "wildcards are not modelled"],
])("refuses %s", async (line, message) => {
  await expect(images.stage(await context({ Dockerfile: `FROM node:24\nWORKDIR /job\n${line}\n` }))).rejects.toThrow(message);
  await images.stop();
});
