// What the recorded session shows: a run with its code, a waiting run that is approved and whose job fails, and its replay. All of it is real.

import { setTimeout as sleep } from "node:timers/promises";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { AwsError } from "../../emulator/aws-error.ts";
import { announceLocalAccount } from "../local/discovery.ts";
import { followRun } from "../local/follow-run.ts";
import type { PopulatedAccount } from "../local/local-account.ts";
import { writeConfigFile } from "../local/profiles.ts";
import { signedIn } from "../local/sign-in.ts";
import { type Chunk, PseudoTerminal, type Size } from "./pseudo-terminal.ts";

/** Longer pauses are cut to this: nobody wants to see a container start. */
const longestPauseMs = 900;
/** Between two keys, and after a command before it is sent. */
const keyMs = 45;
const readingMs = 2_600;

const prompt = "\u001b[1;32m$\u001b[0m ";

export class RecordedSession {
  readonly #size: Size;
  readonly #local: PopulatedAccount;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #chunks: Chunk[] = [];
  #atMs = 0;

  constructor(local: PopulatedAccount, of: { size: Size; environment: NodeJS.ProcessEnv }) {
    this.#local = local;
    this.#size = of.size;
    this.#environment = of.environment;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** When the last picture has been read. */
  get endMs(): number {
    return this.#atMs + readingMs;
  }

  /** A remark on a fresh screen. */
  remark(text: string): void {
    this.#pause(this.#chunks.length === 0 ? 0 : readingMs);
    this.#show(`\u001b[2J\u001b[H\u001b[2m# ${text}\u001b[0m\r\n`);
    this.#pause(longestPauseMs);
  }

  /** Types the command, runs it, and answers its question with a good code of alice. Gives what `pattern` captures of what it showed. */
  async command(words: string, { asks, pattern }: { asks?: string; pattern?: RegExp } = {}): Promise<string> {
    this.#show(prompt);
    for (const key of words) {
      this.#show(key);
      this.#pause(keyMs);
    }
    this.#pause(longestPauseMs / 2);
    this.#show("\r\n");
    const startedMs = performance.now();
    const terminal = new PseudoTerminal(words.replace(/^keyturn /, "node cli/keyturn.mjs "), {
      size: this.#size,
      environment: this.#environment,
      nowMs: () => performance.now() - startedMs,
    });
    if (asks !== undefined) {
      await terminal.shows(asks);
      for (const key of `${await freshCode(this.#local)}\r`) {
        await sleep(3 * keyMs);
        terminal.type(key);
      }
    }
    const status = await terminal.ended;
    this.#replay(terminal.chunks);
    const shown = terminal.chunks.map(({ text }) => text).join("");
    if (status !== 0 && !words.includes("status")) throw new Error(`${words} ended with ${status}:\n${shown}`);
    return pattern?.exec(shown)?.[1] ?? "";
  }

  #replay(chunks: readonly Chunk[]): void {
    let before = 0;
    for (const { atMs, text } of chunks) {
      this.#pause(Math.min(atMs - before, longestPauseMs));
      before = atMs;
      this.#show(text);
    }
    this.#pause(longestPauseMs);
  }

  #show(text: string): void {
    this.#chunks.push({ atMs: Math.round(this.#atMs), text });
  }

  #pause(ms: number): void {
    this.#atMs += ms;
  }
}

async function freshCode({ emulator, admins }: PopulatedAccount): Promise<string> {
  await emulator.clock.advance(30_000);
  return admins.get("alice")?.authenticator.code() ?? "";
}

/** Plays the whole session in `local`. */
export async function playSession(local: PopulatedAccount, size: Size): Promise<RecordedSession> {
  const configFile = await writeConfigFile({ operator: { credentials: local.people.operator } }, local);
  const withdraw = await announceLocalAccount({ endpoint: local.endpoint, configFile: configFile.path });
  const sfn = signedIn(SFNClient, local.people.operator, local);
  const session = new RecordedSession(local, { size, environment: { AWS_CONFIG_FILE: configFile.path } });
  try {
    session.remark("A run: it shows what it will use, then asks for alice's one-time code.");
    await session.command('keyturn run credential-report --reason "Quarterly review" --local', { asks: "Start it with the code" });

    const run = "credential-report-20261126T0700Z";
    const executionArn = await waitingRun(sfn, { run, local });
    session.remark("An approval: a schedule has started a run, which waits for its code.");
    const broken = local.emulator.gateway.faults.add(iamRefuses);
    await session.command(`keyturn approve ${run} --local`, { asks: "The code that alice's authenticator shows now" });
    await followRun({ sfn, executionArn, signal: new AbortController().signal });
    broken.lift();

    session.remark("A replay: IAM had refused the job's calls. What failed runs again; what was issued still holds.");
    await session.command(`keyturn runs --limit 2 --local`);
    await session.command(`keyturn replay ${run} --local`);
    return session;
  } finally {
    sfn.destroy();
    await withdraw();
    await configFile.remove();
  }
}

/** So that there is something to replay. */
const iamRefuses = {
  service: "iam",
  operation: "ListUsers",
  callerRole: "BatchRoleCredentialReport",
  times: 1000,
  error: new AwsError("AccessDenied", "The recorded session needs a job that fails.", { statusCode: 403 }),
};

async function waitingRun(sfn: SFNClient, { run, local }: { run: string; local: PopulatedAccount }): Promise<string> {
  const { executionArn = "" } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: `arn:aws:states:${local.region}:${local.account}:stateMachine:keyturn`,
      name: run,
      input: JSON.stringify({ job: "credential-report", admin: "alice", reason: "Weekly credential report" }),
    }),
  );
  await followRun({ sfn, executionArn, signal: new AbortController().signal }, ({ visits }) => visits.at(-1)?.isWaiting === true);
  return executionArn;
}
