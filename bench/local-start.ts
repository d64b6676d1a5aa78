// `keyturn local start` as a user runs it: a process of its own, reached over its socket alone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../cli/local/repository.ts";
import type { Credentials } from "../emulator/service.ts";

export interface LocalStart {
  readonly pid: number;
  /** From the process's start to its line that says ready. */
  readonly readyMs: number;
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly seeds: Readonly<Record<string, { readonly totpSeed: string }>>;
  credentials(profile: string): Promise<Credentials>;
  stop(): Promise<void>;
}

/** What `--json` prints, as far as it is used here. */
interface ReadyLine {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly configFile: string;
  readonly admins: LocalStart["seeds"];
}

export async function localStart(): Promise<LocalStart> {
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, [join(repositoryRoot, "cli", "keyturn.mjs"), "local", "start", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended.then(() => [undefined])]);
  if (typeof line !== "string" || child.pid === undefined) throw new Error("keyturn local start ended before it was ready");
  const readyMs = performance.now() - startedAtMs;
  const { configFile, admins, endpoint, region, account } = JSON.parse(line) as ReadyLine;
  return {
    pid: child.pid,
    readyMs,
    endpoint,
    region,
    account,
    seeds: admins,
    credentials: async (profile) => credentialsOf(await readFile(configFile, "utf8"), profile),
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** Long-term keys or a session from an AWS config file. */
function credentialsOf(configFile: string, profile: string): Credentials {
  const section = configFile.split(/^\[/m).find((text) => text.startsWith(`profile ${profile}]`)) ?? "";
  const value = (name: string): string | undefined => new RegExp(`^${name}\\s*=\\s*(\\S+)`, "m").exec(section)?.[1];
  const [accessKeyId, secretAccessKey, sessionToken] = [
    value("aws_access_key_id"),
    value("aws_secret_access_key"),
    value("aws_session_token"),
  ];
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new Error(`the config file has no credentials of ${profile}`);
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
