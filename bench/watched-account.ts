// The deployed account inside this process, watched, with one admin whose codes need not be waited for.

import { randomBytes } from "node:crypto";
import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { enrollAdmin } from "../cli/enrollment.ts";
import { repositoryRoot } from "../cli/local/repository.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { stateMachineName } from "../core/naming.ts";
import type { Credentials } from "../emulator/service.ts";
import { base32 } from "../emulator/services/iam/totp.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../emulator/start.ts";
import { VirtualAuthenticator } from "../emulator/virtual-authenticator.ts";
import config from "../keyturn.config.ts";

export const account = config.account ?? "111122223333";
const { region } = config;
export const job = "credential-report";
export const admin = "alice";

type Watchers = Pick<EmulatorOptions, "onCall" | "onInvocation">;

export interface WatchedAccount {
  readonly emulator: Emulator;
  /** As the operator. */
  readonly sfn: SFNClient;
  /** A code that no run has been given. Only the newest one is good. */
  newCode(): string;
  /** Gives the execution's ARN. */
  start(run: string, mfaCode?: string): Promise<string>;
  answer(taskToken: string, mfaCode: string): Promise<void>;
  /** The run's output when it has ended; rejects where it did not succeed. */
  ended(run: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startWatchedAccount(watchers: Watchers): Promise<WatchedAccount> {
  const { assembly } = await synthesise(repositoryRoot);
  const ends = new Map<string, { resolve(output: string): void; reject(error: Error): void }>();
  const onStatusChange: NonNullable<EmulatorOptions["onStatusChange"]> = ({ name, status, output = "", error, cause }) => {
    if (status === "RUNNING") return;
    if (status === "SUCCEEDED") ends.get(name)?.resolve(output);
    else ends.get(name)?.reject(new Error(`run ${name} ended as ${status}: ${error ?? ""} ${cause ?? ""}`));
    ends.delete(name);
  };
  const emulator = await startEmulator({ account, region, assembly, onStatusChange, ...watchers });
  const people = await emulator.createPeople();
  const sfn = new SFNClient({ endpoint: emulator.endpoint, region, credentials: people.operator });
  const serialNumber = await enroll(emulator, people.iamAdmin);
  const given = new Set<string>();
  return {
    emulator,
    sfn,
    newCode() {
      // A device gives one code in 30 seconds: another seed gives another at once. Six digits come again; a spent code stays spent.
      for (;;) {
        const code = reseed(emulator, serialNumber).code();
        if (given.has(code)) continue;
        given.add(code);
        return code;
      }
    },
    async start(name, mfaCode) {
      const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${stateMachineName}`;
      const input = JSON.stringify({ job, admin, reason: "a measurement", ...(mfaCode === undefined ? {} : { mfaCode }) });
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input }));
      return executionArn ?? "";
    },
    async answer(taskToken, mfaCode) {
      await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify({ mfaCode }) }));
    },
    ended: (run) => new Promise((resolve, reject) => ends.set(run, { resolve, reject })),
    async stop() {
      sfn.destroy();
      await emulator.stop();
    },
  };
}

/** Gives the serial number of the admin's device. */
async function enroll({ gateway, clock }: Emulator, { session, roleArn }: { session: Credentials; roleArn: string }): Promise<string> {
  const sts = new STSClient(gateway.clientOptions(session));
  const { Credentials: issued } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "bench" }));
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = issued ?? {};
  const options = gateway.clientOptions({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
  const clients = { iam: new IAMClient(options), secrets: new SecretsManagerClient(options) };
  const { serialNumber } = await enrollAdmin(admin, clients, ({ seed }) =>
    new VirtualAuthenticator(seed, () => clock.now()).activationCodes(),
  );
  return serialNumber;
}

/** Puts a new seed into the enabled device, as if its owner had been given another. */
function reseed({ store, clock }: Emulator, serialNumber: string): VirtualAuthenticator {
  const device = store.mfaDevices.get(serialNumber);
  if (device === undefined) throw new Error(`there is no device ${serialNumber}`);
  const seed = randomBytes(device.seed.length);
  store.mfaDevices.set(serialNumber, { ...device, seed, lastStep: -1 });
  return new VirtualAuthenticator(base32(seed), () => clock.now());
}
