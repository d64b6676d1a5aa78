// `keyturn doctor`: what is missing on this machine or in the account, each with the way out. It changes nothing.

import { stripVTControlCharacters } from "node:util";
import packageManifest from "../package.json" with { type: "json" };
import { type AwsSession, type SessionArguments, sessionArguments, signIn } from "./aws-session.ts";
import { command } from "./command.ts";
import { checkAdmins } from "./doctor/admins.ts";
import { checkBootstrap } from "./doctor/bootstrap.ts";
import { checkClock, checkCredentials, checkRegion } from "./doctor/caller.ts";
import { type Checkout, readCheckout } from "./doctor/checkout.ts";
import { type Finding, lookedAt, type Standing, splitWayOut } from "./doctor/finding.ts";
import { checkContainerEngine, checkNode } from "./doctor/machine.ts";
import { checkQuotas } from "./doctor/quotas.ts";
import { checkStacks } from "./doctor/stacks.ts";
import { repositoryRoot } from "./local/repository.ts";
import { CommandFailed, Denied, exitCodes, UsageError } from "./outcome.ts";
import { colours, table } from "./terminal.ts";

export const doctor = command({
  meta: { name: "doctor", description: "Say what is missing on this machine or in the account, and how to mend it; as an auditor." },
  args: { json: { type: "boolean", description: "Print one JSON document." }, ...sessionArguments },
  examples: ["keyturn doctor --profile auditor", "keyturn doctor --local", "keyturn doctor --json"],
  run: async ({ args: { json, profile, region, local } }) => {
    const findings = await examine({ profile: profile ?? (local ? "auditor" : undefined), region, local });
    const isWell = findings.every(({ standing }) => standing !== "missing" && standing !== "cannot tell");
    console.log(json ? JSON.stringify({ isWell, findings }) : `${findingsText(findings)}\n\n${summary(findings)}`);
    return isWell ? exitCodes.done : exitCodes.failed;
  },
});

async function examine(signedInBy: SessionArguments): Promise<readonly Finding[]> {
  const isLocal = signedInBy.local ?? false;
  const [engine, checkout, session] = await Promise.all([
    checkContainerEngine(process.env, { isLocal }),
    expected(readCheckout(repositoryRoot)),
    expected(signIn(signedInBy)),
  ]);
  const machine = [checkNode(process.versions.node, packageManifest.engines.node), engine];
  return [...machine, ...(session instanceof Error ? notSignedIn(session) : await examineAccount(session, checkout))];
}

/** What can be done something about is a finding; anything else is a fault of this program. */
const expected = <Value>(promise: Promise<Value>): Promise<Value | CommandFailed | Denied | UsageError> =>
  promise.catch((error: unknown) => {
    if (error instanceof CommandFailed || error instanceof Denied || error instanceof UsageError) return error;
    throw error;
  });

const notSignedIn = (error: Error): readonly Finding[] => [
  { check: "credentials", standing: "missing", ...splitWayOut(error) },
  { check: "account", standing: "cannot tell", found: "nothing of it can be seen without credentials" },
];

async function examineAccount(session: AwsSession, checkout: Checkout | Error): Promise<readonly Finding[]> {
  const groups = await Promise.all([
    checkCredentials(session).then((finding) => [finding]),
    checkRegion(session).then((finding) => [finding]),
    lookedAt("clock", { needs: ["sts:GetCallerIdentity"], look: async () => [await checkClock(session)] }),
    ...(checkout instanceof Error
      ? [[{ check: "checkout", standing: "missing", ...splitWayOut(checkout) } as const]]
      : [checkBootstrap(session, checkout), checkStacks(session, checkout)]),
    checkAdmins(session),
    checkQuotas(session),
  ]);
  return groups.flat();
}

const styles = { ok: "green", warning: "yellow", missing: "red", "cannot tell": "yellow", "does not apply": "dim" } as const;
const standingWidth = Math.max(...Object.keys(styles).map(({ length }) => length));

/** A way out stands on a line of its own and is not wrapped: it is there to be pasted. */
function findingsText(findings: readonly Finding[]): string {
  const { paint } = colours(process.stdout);
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, standing, found, wayOut }) => {
      const line = table([[standing.padEnd(standingWidth), check.padEnd(checkWidth), stripVTControlCharacters(found)]]);
      const painted = line.replace(standing, paint(styles[standing], standing));
      return wayOut === undefined ? painted : `${painted}\n${" ".repeat(standingWidth + 4)}${stripVTControlCharacters(wayOut)}`;
    })
    .join("\n");
}

function summary(findings: readonly Finding[]): string {
  const count = (of: Standing): number => findings.filter(({ standing }) => standing === of).length;
  const counted = (["missing", "cannot tell", "warning"] as const)
    .map((standing) => [count(standing), standing] as const)
    .filter(([amount]) => amount > 0)
    .map(([amount, standing]) => `${amount} ${standing === "warning" && amount > 1 ? "warnings" : standing}`);
  return counted.length === 0 ? "Nothing is missing." : `${counted.join(", ")}.`;
}
