// Runs that go wrong in the ways that could spill a secret: codes refused, secrets that are none, keys disabled, jobs that fail or do not start.

import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { DemoActs } from "../../cli/local/demo-acts.ts";
import type { RunView } from "../../cli/local/follow-run.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { adminSecretName, jobRoleName, roleNames } from "../../core/naming.ts";
import type { AccountSecrets } from "./account-secrets.ts";
import { type Deployed, stolen } from "./attacked-account.ts";
import { given } from "./specimens.ts";

export interface LeakyRuns {
  readonly at: Deployed;
  readonly secrets: AccountSecrets;
  readonly acts: DemoActs;
  /** Every code that anybody gave. */
  readonly codes: string[];
}

const enrolled = ({ at }: LeakyRuns) => given(at.admins.get("alice")).authenticator;

/** The code of now, kept; the clock moves on before the next one is taken. */
async function freshCode(of: LeakyRuns): Promise<string> {
  await of.at.emulator.clock.advance(30_000);
  const code = enrolled(of).code();
  of.codes.push(code);
  return code;
}

function wrongCode(of: LeakyRuns): string {
  const code = enrolled(of).wrongCode();
  of.codes.push(code);
  return code;
}

/** Each another one: the same again would be a spent code, and not count. */
function manyWrongCodes(of: LeakyRuns): readonly string[] {
  const right = enrolled(of).code();
  const wrong = ["101010", "121212", "131313", "141414", "151515", "161616", "171717", "181818"]
    .filter((code) => code !== right)
    .slice(0, 7);
  of.codes.push(...wrong);
  return wrong;
}

/** Starts a run with the first code, answers with the others one by one, and stops it where it then waits still. */
async function play(run: string, of: LeakyRuns, codes: readonly string[]): Promise<RunView> {
  const [mfaCode, ...answers] = codes;
  const executionArn = await of.acts.startRun(run, { job: "credential-report", admin: "alice", mfaCode, reason: "a leak test" });
  let waits = 0;
  let view = await of.acts.untilItWaits({ executionArn }, ++waits);
  for (const answer of answers) {
    if (view.status !== "RUNNING") break;
    await of.acts.answer(view, answer);
    view = await of.acts.untilItWaits({ executionArn }, ++waits);
  }
  return view.status === "RUNNING" ? of.acts.stopRun(executionArn) : view;
}

async function withSecret(SecretString: string, of: LeakyRuns, act: () => Promise<RunView>): Promise<RunView> {
  const secrets = signedIn(SecretsManagerClient, await stolen(roleNames.iamAdmin, of.at), of.at);
  const SecretId = adminSecretName("alice");
  const reader = signedIn(SecretsManagerClient, await stolen(roleNames.validateMfa, of.at), of.at);
  const { SecretString: good } = await reader.send(new GetSecretValueCommand({ SecretId }));
  await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  try {
    return await act();
  } finally {
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: given(good) }));
  }
}

const planted = "Planted/Key+SecretThatIsNobodys/0123456789=";

/** Title → what happens; each gives the error name or the status that shows it happened. */
export const leakyRuns: Readonly<Record<string, { readonly ends: RegExp; readonly act: (of: LeakyRuns) => Promise<string> }>> = {
  "a run with a wrong and then a good code": {
    ends: /^SUCCEEDED$/,
    act: async (of) => (await play("good", of, [wrongCode(of), await freshCode(of)])).status,
  },
  "a run with a code that is spent": {
    ends: /MfaRejected/,
    act: async (of) => errorsOf(await play("spent", of, [of.codes.at(-1) ?? ""])),
  },
  "a run of an admin whose secret lacks a member": {
    ends: /CredentialMissing/,
    act: async (of) => {
      of.secrets.plant("the planted key", planted);
      const secret = JSON.stringify({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: planted });
      return errorsOf(await withSecret(secret, of, async () => play("malformed", of, [await freshCode(of)])));
    },
  },
  "a run of an admin whose secret is no JSON": {
    ends: /CredentialMissing/,
    act: async (of) => errorsOf(await withSecret(`not JSON: ${planted}`, of, async () => play("no-json", of, [await freshCode(of)]))),
  },
  "a run of an admin whose secret holds an unknown key": {
    ends: /CredentialMissing|MfaRejected/,
    act: async (of) => {
      const secret = JSON.stringify({
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: planted,
        mfaSerial: "arn:aws:iam::111122223333:mfa/none",
      });
      return errorsOf(await withSecret(secret, of, async () => play("unknown-key", of, [await freshCode(of)])));
    },
  },
  "a run of an admin whose key is disabled": {
    ends: /CredentialMissing|MfaRejected/,
    act: async (of) => {
      const iam = signedIn(IAMClient, of.at.administrator, of.at);
      const key = given([...of.at.emulator.store.accessKeys.values()].find(({ userName }) => userName === "alice"));
      const set = (Status: "Active" | "Inactive") =>
        iam.send(new UpdateAccessKeyCommand({ UserName: "alice", AccessKeyId: key.accessKeyId, Status }));
      await set("Inactive");
      const view = await play("disabled", of, [await freshCode(of)]);
      await set("Active");
      return errorsOf(view);
    },
  },
  "a run whose job fails": {
    ends: /States\.TaskFailed/,
    act: async (of) => {
      const iam = signedIn(IAMClient, of.at.administrator, of.at);
      const RoleName = jobRoleName("credential-report");
      const { PolicyNames: [PolicyName] = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      const put = (document: string) => iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document }));
      await put(JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "iam:*", Resource: "*" }] }));
      const view = await play("failing", of, [await freshCode(of)]);
      await put(decodeURIComponent(PolicyDocument));
      return errorsOf(view);
    },
  },
  "a captured envelope that its launcher refuses": {
    ends: /EnvelopeUnopenable/,
    act: async (of) => {
      const { id } = of.acts.jobOf(await play("captured", of, [await freshCode(of)]));
      return of.acts.submitByHand(id, { job: "credential-report", command: ["--path-prefix=/"] });
    },
  },
  // The last one: what follows would have to wait for the lock to end, and jobs sign with the real time.
  "a run with so many wrong codes that the admin is locked": {
    ends: /MfaLocked/,
    act: async (of) => errorsOf(await play("locked", of, manyWrongCodes(of))),
  },
};

const errorsOf = (view: RunView): string =>
  [view.status, view.failure?.name, ...view.visits.map(({ error }) => error?.name)].filter((name) => name !== undefined).join(" ");
