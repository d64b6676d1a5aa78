// An account whose IAM admin rotates and removes: its clients as that role alone, and what became of an admin's credentials.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { STSClient } from "@aws-sdk/client-sts";
import { type CredentialState, type IamAdminClients, readCredentialState } from "../../cli/admin/credential-state.ts";
import { planRemoval } from "../../cli/admin/removal.ts";
import { carryOutRotation } from "../../cli/admin/rotation.ts";
import { planRotation } from "../../cli/admin/rotation-plan.ts";
import { enrollAdmin } from "../../cli/enrollment.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { roleNames } from "../../core/naming.ts";
import { AwsError } from "../../emulator/aws-error.ts";
import type { Fault } from "../../emulator/faults.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { type Deployed, longTermKey, startAttackedAccount, stolen } from "../attacks/attacked-account.ts";
import { endRecordSweep } from "../support/record-sweep.ts";

export interface AdminAccount {
  readonly at: Deployed;
  readonly clients: IamAdminClients;
  state(admin: string): Promise<CredentialState>;
  /** Plans and carries out one rotation; gives what it reported and how long it paused. */
  rotate(admin: string, drop?: string): Promise<{ readonly steps: readonly string[]; readonly pausesMs: readonly number[] }>;
  remove(admin: string): Promise<void>;
  enroll(admin: string): Promise<void>;
  /** Opens an MFA session with what ValidateMfaRole reads in the secret and the admin's device; rejects if that does not work. */
  turnsTheKey(admin: string): Promise<void>;
  fail(fault: Partial<Fault> & Pick<Fault, "service" | "operation">): { readonly struck: number; lift(): void };
  /** Moves the account's clock, and that of the clients. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param at - an account that is up already */
export async function startAdminAccount(at?: Deployed): Promise<AdminAccount> {
  const account = at ?? (await startAttackedAccount());
  await endRecordSweep(account);
  return adminAccountOf(account);
}

function adminAccountOf(at: Deployed): AdminAccount {
  // Assumed anew for every call: the clock is moved far.
  const credentials = async () => ({ ...(await stolen(roleNames.iamAdmin, at)), expiration: new Date(0) });
  // One attempt: far from this machine's time the SDK sends again whatever was refused, and a fault would go unnoticed.
  const options = { endpoint: at.endpoint, region: at.region, maxAttempts: 1 };
  const clients = { iam: new IAMClient({ ...options, credentials }), secrets: new SecretsManagerClient({ ...options, credentials }) };
  const authenticators = new Map([...at.admins].map(([name, { authenticator }]) => [name, authenticator]));
  const nowMs = () => at.emulator.clock.now();
  const systemClockOffset = () => nowMs() - Date.now();
  const advance = async (ms: number) => {
    await at.emulator.clock.advance(ms);
    for (const { config } of Object.values(clients)) config.systemClockOffset = systemClockOffset();
  };
  const state = (admin: string) => readCredentialState(admin, clients);
  return {
    at,
    clients,
    state,
    async rotate(admin, drop) {
      const steps: string[] = [];
      const pausesMs: number[] = [];
      await carryOutRotation(planRotation(await state(admin), { nowMs: nowMs(), drop }), {
        ...clients,
        stsWith: (key) => new STSClient({ ...options, credentials: key, systemClockOffset: systemClockOffset() }),
        pause: async (ms) => pausesMs.push(ms),
        report: (step) => steps.push(step),
      });
      return { steps, pausesMs };
    },
    async remove(admin) {
      for (const { act } of planRemoval(await state(admin))) await act(clients);
    },
    async enroll(admin) {
      const app = (seed: string) => new VirtualAuthenticator(seed, nowMs);
      const { seed } = await enrollAdmin(admin, clients, (device) => app(device.seed).activationCodes());
      authenticators.set(admin, app(seed));
    },
    async turnsTheKey(admin) {
      const { GetSessionTokenCommand } = await import("@aws-sdk/client-sts");
      const sts = signedIn(STSClient, await longTermKey(admin, at), at);
      const [device] = (await state(admin)).devices;
      // A code of its own for every session.
      await advance(30_000);
      await sts.send(new GetSessionTokenCommand({ SerialNumber: device?.serialNumber, TokenCode: authenticators.get(admin)?.code() }));
      sts.destroy();
    },
    fail: (fault) =>
      at.emulator.gateway.faults.add({ times: 1, error: new AwsError("AccessDenied", "broken off here", { statusCode: 403 }), ...fault }),
    advance,
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      await at.emulator.stop();
    },
  };
}
