// How `--local` finds the account that `keyturn local start` keeps up: one small file per account, as long as it is up.

import { access, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { UsageError } from "../outcome.ts";
import { repositoryRoot } from "./repository.ts";

/** No secret in it: the keys stand in the config file, which is as private as this one. */
const Announcement = z.object({ pid: z.int().positive(), endpoint: z.string(), configFile: z.string() });

export type LocalAccountAnnouncement = z.output<typeof Announcement>;

const announcements = join(repositoryRoot, ".keyturn", "local");

/** Writes the file (mode 0600); gives what removes it again. */
export async function announceLocalAccount(
  of: Omit<LocalAccountAnnouncement, "pid">,
  folder: string = announcements,
): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${process.pid}.json`);
  await writeFile(path, `${JSON.stringify({ pid: process.pid, ...of } satisfies LocalAccountAnnouncement)}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}

/** The account that is up; of several the one whose config file `AWS_CONFIG_FILE` names. Throws UsageError if that leaves none or several. */
export async function findLocalAccount(
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = announcements,
): Promise<LocalAccountAnnouncement> {
  const running = await runningAccounts(folder);
  const named = running.find(({ configFile }) => configFile === environment["AWS_CONFIG_FILE"]);
  if (named !== undefined) return named;
  const [only, ...others] = running;
  if (only === undefined) throw new UsageError("No local account is up. Start one in another terminal: keyturn local start");
  if (others.length === 0) return only;
  const choices = running.map(({ configFile, endpoint }) => `  export AWS_CONFIG_FILE=${configFile}   # ${endpoint}`);
  throw new UsageError(`${running.length} local accounts are up. Choose one by its config file:\n${choices.join("\n")}`);
}

async function runningAccounts(folder: string): Promise<readonly LocalAccountAnnouncement[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const found = await Promise.all(names.filter((name) => name.endsWith(".json")).map((name) => runningAccount(join(folder, name))));
  return found.filter((account) => account !== undefined);
}

/** Undefined, and the file removed, where whoever wrote it was killed. */
async function runningAccount(path: string): Promise<LocalAccountAnnouncement | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  // Empty while it is being written.
  if (text === undefined || text === "") return undefined;
  const account = Announcement.parse(JSON.parse(text));
  const configFileExists = await access(account.configFile).then(
    () => true,
    () => false,
  );
  if (configFileExists && isAlive(account.pid)) return account;
  await rm(path, { force: true });
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
