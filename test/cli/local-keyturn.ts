// `keyturn` against a local account: as a process with `--local`, with codes of the account's virtual authenticators.

import { announceLocalAccount } from "../../cli/local/discovery.ts";
import { type PopulatedAccount, startPopulatedAccount } from "../../cli/local/local-account.ts";
import { writeConfigFile } from "../../cli/local/profiles.ts";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import config from "../../keyturn.config.ts";
import { type Ended, startKeyturn } from "./keyturn-process.ts";

export interface LocalKeyturn {
  readonly environment: NodeJS.ProcessEnv;
  /** `--local` is added. */
  keyturn(...argv: readonly string[]): Promise<Ended>;
  /** A good code of alice that was not given before. */
  code(): Promise<string>;
  wrongCode(): string;
  stop(): Promise<void>;
}

const stepMs = 30_000;

/** Against `keyturn local start` as people start it. Its clock is this machine's: AWS takes a code one step early or late, and each but once. */
export async function startLocalKeyturn(): Promise<LocalKeyturn> {
  const started = startKeyturn(["local", "start", "--json"]);
  const ready = JSON.parse(await started.firstLine) as { configFile: string; admins: Record<string, { totpSeed: string }> };
  const seed = ready.admins["alice"]?.totpSeed ?? "";
  let next = 0;
  return {
    ...driven(ready.configFile),
    code: async () => {
      // Good for a quarter of a minute at least: that of the step before only where this one has just begun.
      const step = Math.max(next, Math.floor((Date.now() - stepMs / 2) / stepMs));
      next = step + 1;
      if (step * stepMs > Date.now() + stepMs) throw new Error("this file's tests give more good codes than are good at once");
      return new VirtualAuthenticator(seed, () => step * stepMs).code();
    },
    wrongCode: () => new VirtualAuthenticator(seed, Date.now).wrongCode(),
    stop: async () => {
      started.process.kill("SIGTERM");
      await started.ended;
    },
  };
}

/** In this process, so that a test may move the account's clock, or act in it as somebody else. */
export async function startMovableKeyturn(): Promise<LocalKeyturn & { readonly local: PopulatedAccount }> {
  const { assembly } = await synthesise(repositoryRoot);
  const local = await startPopulatedAccount(config, { port: 0, assembly });
  const configFile = await writeConfigFile(
    { operator: { credentials: local.people.operator }, auditor: { credentials: local.people.auditor } },
    local,
  );
  const withdraw = await announceLocalAccount({ endpoint: local.endpoint, configFile: configFile.path });
  const alice = local.admins.get("alice");
  if (alice === undefined) throw new Error("alice is not enrolled");
  return {
    ...driven(configFile.path),
    local,
    code: async () => {
      // A code works once, and the next shows half a minute later.
      await local.emulator.clock.advance(stepMs);
      return alice.authenticator.code();
    },
    wrongCode: () => alice.authenticator.wrongCode(),
    stop: async () => {
      await withdraw();
      await configFile.remove();
      await local.emulator.stop();
    },
  };
}

function driven(configFile: string): Pick<LocalKeyturn, "environment" | "keyturn"> {
  const environment = { AWS_CONFIG_FILE: configFile };
  return { environment, keyturn: (...argv) => startKeyturn([...argv, "--local"], { environment }).ended };
}
