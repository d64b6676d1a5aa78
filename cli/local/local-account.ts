// An AWS account on this machine with Keyturn in it: stacks deployed, people signed in, admins enrolled.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { LocalPrincipals } from "../../emulator/account.ts";
import type { Credentials } from "../../emulator/service.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../emulator/start.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import type { KeyturnConfig } from "../../infra/config.ts";
import { enrollAdmin, type NewDevice } from "../enrollment.ts";
import { CommandFailed } from "../outcome.ts";
import { signedIn } from "./sign-in.ts";

/** The emulator's account where the configuration names none. */
const accountByDefault = "111122223333";

export interface LocalAccount {
  readonly emulator: Emulator;
  readonly account: string;
  readonly region: string;
  readonly endpoint: string;
  /** May do everything in IAM terms; what resource policies deny, they deny it too. */
  readonly administrator: Credentials;
}

/** What a caller may watch of the account. */
export type AccountWatchers = Pick<EmulatorOptions, "onCall" | "onRotation">;

export interface EnrolledAdmin {
  readonly device: NewDevice;
  readonly authenticator: VirtualAuthenticator;
}

export interface PopulatedAccount extends LocalAccount {
  readonly people: LocalPrincipals;
  readonly admins: ReadonlyMap<string, EnrolledAdmin>;
}

/** An account with nothing but an administrator. Throws CommandFailed if the port is taken. */
export const startBareAccount = (config: KeyturnConfig, { port }: { port: number }): Promise<LocalAccount> => start(config, { port });

/** The account with the assembly deployed, the local people and every admin of the configuration enrolled. */
export async function startPopulatedAccount(
  config: KeyturnConfig,
  of: { port: number; assembly: string } & AccountWatchers,
): Promise<PopulatedAccount> {
  const local = await start(config, of);
  try {
    const people = await local.emulator.createPeople();
    const admins = await enrollAll(Object.keys(config.admins), { local, people });
    return { ...local, people, admins };
  } catch (error) {
    await local.emulator.stop();
    throw error;
  }
}

async function start(config: KeyturnConfig, of: { port: number; assembly?: string } & AccountWatchers): Promise<LocalAccount> {
  const { account = accountByDefault, region } = config;
  const emulator = await startEmulator({ account, region, onLogLost, ...of }).catch((error: unknown) => {
    throw isListenError(error) ? new CommandFailed(error.message, { cause: error }) : error;
  });
  return { emulator, account, region, endpoint: emulator.endpoint, administrator: emulator.administrator };
}

/** A role that may not write its log is a fault of the templates; nobody would notice it otherwise. */
const onLogLost = ({ source, events, error }: { source: string; events: number; error: Error }): void =>
  console.error(`${events} log events of ${source} were lost: ${error.message}`);

function isListenError(error: unknown): error is Error {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "syscall" in cause && cause.syscall === "listen";
}

/** As an IAM admin would: with the role that MFA opens, through IAM's and Secrets Manager's own API. */
async function enrollAll(
  admins: readonly string[],
  { local, people }: { local: LocalAccount; people: LocalPrincipals },
): Promise<ReadonlyMap<string, EnrolledAdmin>> {
  const { session, roleArn } = people.iamAdmin;
  const sts = signedIn(STSClient, session, local);
  const { Credentials: issued } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "enrollment" }));
  const credentials = {
    accessKeyId: issued?.AccessKeyId ?? "",
    secretAccessKey: issued?.SecretAccessKey ?? "",
    sessionToken: issued?.SessionToken ?? "",
  };
  const iam = signedIn(IAMClient, credentials, local);
  const secrets = signedIn(SecretsManagerClient, credentials, local);
  try {
    const enrolled = admins.map(async (admin): Promise<[string, EnrolledAdmin]> => {
      const app = (seed: string) => new VirtualAuthenticator(seed, () => local.emulator.clock.now());
      const device = await enrollAdmin(admin, { iam, secrets }, ({ seed }) => app(seed).activationCodes());
      return [admin, { device, authenticator: app(device.seed) }];
    });
    return new Map(await Promise.all(enrolled));
  } finally {
    for (const client of [sts, iam, secrets]) client.destroy();
  }
}
