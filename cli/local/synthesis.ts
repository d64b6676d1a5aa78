// The cloud assembly that the emulator deploys: synthesised as `cdk synth` would, or reused while nothing that goes into it has changed.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailed } from "../outcome.ts";

/** All that a synthesis reads of this repository. */
const inputs = ["infra", "workflows", "tasks", "jobs", "core", "keyturn.config.ts", "cdk.json", "package-lock.json"];

/** An assembly that nobody has used for this long is removed. */
const keptForMs = 7 * 24 * 3600 * 1000;
const lockPollMs = 50;

export interface Synthesis {
  /** The assembly's folder; read in place while the emulator runs. */
  readonly assembly: string;
  readonly reused: boolean;
}

/** A CDK app of this repository: its file, and what it reads beside what every synthesis reads. */
export interface AppSource {
  readonly file: string;
  readonly alsoReads: readonly string[];
}

const keyturnApp: AppSource = { file: "infra/app.ts", alsoReads: [] };

/**
 * Any number of callers at once: one synthesises, the others wait for it. Throws CommandFailed with what the app printed.
 * @param root - the repository's folder
 */
export async function synthesise(
  root: string,
  { signal, app = keyturnApp }: { signal?: AbortSignal; app?: AppSource } = {},
): Promise<Synthesis> {
  const folder = join(root, ".keyturn", "synthesis");
  const digest = await inputDigest(root, app);
  const assembly = join(folder, digest);
  if (await isComplete(assembly)) return reuse(assembly);
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new CommandFailed(`The synthesis is kept in ${folder}, which cannot be made. Make the checkout writable.`, { cause });
  });
  const release = await lock(`${assembly}.lock`, { until: () => isComplete(assembly), signal });
  if (release === undefined) return reuse(assembly);
  try {
    if (await isComplete(assembly)) return await reuse(assembly);
    const unfinished = await mkdtemp(join(folder, "unfinished-"));
    try {
      const [output, scratch] = [join(unfinished, "out"), join(unfinished, "tmp")];
      for (const path of [output, scratch]) await mkdir(path);
      await runApp(root, { output, scratch, signal, app });
      await publish(output, assembly);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    await removeUnused(folder);
    return { assembly, reused: false };
  } finally {
    await release();
  }
}

/** Whole or not at all: a caller that sees the folder may use it. */
async function publish(unfinished: string, assembly: string): Promise<void> {
  try {
    await rename(unfinished, assembly);
  } catch (error) {
    // Another caller was faster with the same content.
    if (!(await isComplete(assembly))) throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isComplete = (assembly: string): Promise<boolean> => exists(join(assembly, "manifest.json"));

async function reuse(assembly: string): Promise<Synthesis> {
  const now = new Date();
  // Keeps it from being cleaned up; whoever may only read the checkout uses it all the same.
  await utimes(assembly, now, now).catch(() => undefined);
  return { assembly, reused: true };
}

/** Lower-case hex, 32 characters, over the names and contents of everything that a synthesis reads. */
async function inputDigest(root: string, app: AppSource): Promise<string> {
  const hash = createHash("sha256").update(`${process.version} ${process.arch} ${process.platform} ${app.file}\n`);
  const paths = (await Promise.all([...inputs, ...app.alsoReads].map((input) => filesUnder(root, input)))).flat().sort();
  const contents = await Promise.all(paths.map((path) => readFile(join(root, path))));
  for (const [index, path] of paths.entries()) {
    const content = contents[index] ?? Buffer.alloc(0);
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

async function filesUnder(root: string, path: string): Promise<string[]> {
  const found = await stat(join(root, path)).catch(() => undefined);
  if (found === undefined)
    throw new CommandFailed(`${join(root, path)} is missing, and the stacks are made from it. Is this folder Keyturn's?`);
  if (!found.isDirectory()) return [path];
  const entries = await readdir(join(root, path), { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** Runs the CDK app as the CDK's own CLI would, without its start-up time. */
async function runApp(
  root: string,
  { output, scratch, signal, app }: { output: string; scratch: string; signal: AbortSignal | undefined; app: AppSource },
): Promise<void> {
  const { context = {} } = JSON.parse(await readFile(join(root, "cdk.json"), "utf8")) as { context?: Record<string, unknown> };
  // The credentials of whoever runs this must not choose an account or region for the emulator's stacks.
  const { CDK_DEFAULT_ACCOUNT: _account, CDK_DEFAULT_REGION: _region, ...environment } = process.env;
  const child = spawn(process.execPath, [app.file], {
    cwd: root,
    // Temporary files go where they are removed even if the app is interrupted.
    env: { ...environment, TMPDIR: scratch, CDK_OUTDIR: output, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal === undefined ? {} : { signal }),
  });
  const printed: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => printed.push(chunk));
  let failure: Error | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  // Also after an interruption: whoever removes the folders must not race with a process that still writes.
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (failure !== undefined) throw failure;
  if (code === 0 && (await isComplete(output))) return;
  throw new CommandFailed(
    `The stacks could not be synthesised (node ${app.file} ended with ${code}):\n${Buffer.concat(printed).toString("utf8").trimEnd()}`,
  );
}

/**
 * Takes a lock file that holds its owner's process id; gives how to release it, or undefined once `until` has come true meanwhile.
 */
async function lock(
  path: string,
  { until, signal }: { until: () => Promise<boolean>; signal: AbortSignal | undefined },
): Promise<(() => Promise<void>) | undefined> {
  for (;;) {
    const file = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return undefined;
      throw error;
    });
    if (file !== undefined) {
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    }
    if (await until()) return undefined;
    const owner = Number(await readFile(path, "utf8").catch(() => ""));
    // An owner that died leaves its lock behind. Two that both notice may both synthesise; the rename lets one of them win.
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    else await sleep(lockPollMs, undefined, signal === undefined ? {} : { signal });
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function removeUnused(folder: string): Promise<void> {
  const oldest = Date.now() - keptForMs;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
