// The account that runs go wrong in: everything deployed, the trial job beside the catalogue's, and a tally of what was issued and submitted.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { enrollAdmin } from "../../cli/enrollment.ts";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import { roleNames, stateMachineName } from "../../core/naming.ts";
import type { CallRecord } from "../../emulator/gateway/call-record.ts";
import { startEmulator } from "../../emulator/start.ts";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import type { KeyturnConfig } from "../../infra/config.ts";
import { assume, type Deployed } from "../attacks/attacked-account.ts";
import { type admins, unenrolled } from "../fixtures/trials/admins.ts";
import trialsConfig from "../fixtures/trials/config.ts";

/** Which app is deployed. */
export interface Fixture {
  readonly folder: string;
  readonly config: KeyturnConfig;
}

const trials: Fixture = { folder: "test/fixtures/trials", config: trialsConfig };

export type Admin = (typeof admins)[number];

/** What may only exist after a good code, counted as STS and Batch answered. */
export interface Issued {
  /** MFA sessions: GetSessionToken. */
  readonly sessions: number;
  /** Sessions of job roles: AssumeRole with an MFA session. */
  readonly roles: number;
  /** SubmitJob. */
  readonly jobs: number;
}

export interface RunAccount extends Deployed {
  /** Every call so far, refused ones included. */
  readonly calls: readonly CallRecord[];
  /** What was issued since the account started. */
  issued(): Issued;
}

const account = "111122223333";

/** @param of.trailDelayMs - how long CloudTrail takes to know of a call; no time where left out */
export async function startRunAccount({
  fixture = trials,
  ...of
}: {
  readonly fixture?: Fixture;
  readonly trailDelayMs?: number;
} = {}): Promise<RunAccount> {
  const { folder, config } = fixture;
  const app = { file: `${folder}/app.ts`, alsoReads: [folder, "test/fixtures/trial-app.ts"] };
  const { assembly } = await synthesise(repositoryRoot, { app });
  const { region } = config;
  const calls: CallRecord[] = [];
  const emulator = await startEmulator({ account, region, assembly, ...of, onCall: (record) => calls.push(record) });
  try {
    const people = await emulator.createPeople();
    const { endpoint, administrator } = emulator;
    const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
    const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
    const local = { emulator, account, region, endpoint, administrator, people, admins: new Map(), arn, roleArn };
    const at = { ...local, stateMachineArn: arn("states", `stateMachine:${stateMachineName}`) };
    const iamAdmin = await assume(people.iamAdmin.session, { role: roleArn(roleNames.iamAdmin) }, at);
    const clients = { iam: signedIn(IAMClient, iamAdmin, at), secrets: signedIn(SecretsManagerClient, iamAdmin, at) };
    const enrolled = Object.keys(config.admins)
      .filter((admin) => admin !== unenrolled)
      .map(async (admin): Promise<[string, EnrolledAdmin]> => {
        const app = (seed: string) => new VirtualAuthenticator(seed, () => emulator.clock.now());
        const device = await enrollAdmin(admin, clients, ({ seed }) => app(seed).activationCodes());
        return [admin, { device, authenticator: app(device.seed) }];
      });
    return { ...at, admins: new Map(await Promise.all(enrolled)), calls, issued: () => issuedIn(calls) };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

type EnrolledAdmin = Deployed["admins"] extends ReadonlyMap<string, infer Enrolled> ? Enrolled : never;

function issuedIn(calls: readonly CallRecord[]): Issued {
  const answered = calls.filter(({ outcome }) => outcome === "answered");
  const of = (operation: string) => answered.filter((call) => call.operation === operation);
  return {
    sessions: of("GetSessionToken").length,
    // With a person's session; the steps' own roles are assumed by the state machine's.
    roles: of("AssumeRole").filter(({ caller }) => caller?.session?.kind === "GetSessionToken").length,
    jobs: of("SubmitJob").length,
  };
}

/** What `later` has more than `earlier`. */
export const since = (earlier: Issued, later: Issued): Issued => ({
  sessions: later.sessions - earlier.sessions,
  roles: later.roles - earlier.roles,
  jobs: later.jobs - earlier.jobs,
});

export const nothing: Issued = { sessions: 0, roles: 0, jobs: 0 };

export const authenticatorOf = (admin: Admin, at: RunAccount): VirtualAuthenticator => {
  const enrolled = at.admins.get(admin);
  if (enrolled === undefined) throw new Error(`${admin} is not enrolled`);
  return enrolled.authenticator;
};

/** A code that nobody has given yet: the clock moves on to the next one. */
export async function freshCode(admin: Admin, at: RunAccount): Promise<string> {
  await at.emulator.clock.advance(30_000);
  return authenticatorOf(admin, at).code();
}

/** Codes that the admin's device shows neither now nor soon nor showed lately. */
export function wrongCodes(admin: Admin, count: number, at: RunAccount): readonly string[] {
  const { seed } = authenticatorOf(admin, at);
  const right = [-2, -1, 0, 1, 2, 3].map((steps) => new VirtualAuthenticator(seed, () => at.emulator.clock.now() + steps * 30_000).code());
  const candidates = Array.from({ length: count + right.length }, (_, index) => String(271_828 + index));
  return candidates.filter((code) => !right.includes(code)).slice(0, count);
}
