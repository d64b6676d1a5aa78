// `keyturn admin remove`: an IAM admin takes an admin's key and device away; what is left is a user who can do nothing.

import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { adminNames, profileNames } from "../completion/values.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { wrap } from "../terminal.ts";
import { isConfigured } from "./configured-admin.ts";
import { readCredentialState, surveyAccount } from "./credential-state.ts";
import { asIamAdmin } from "./iam-admin-session.ts";
import { planRemoval } from "./removal.ts";

export const remove = command({
  meta: { name: "remove", description: "Take an admin's access key and MFA device away, as an IAM admin." },
  args: {
    name: { type: "positional", required: true, description: "an admin of keyturn.config.ts or of the account" },
    yes: { type: "boolean", description: "Do not ask." },
    plan: { type: "boolean", description: "Only print what would be done." },
    ...sessionArguments,
  },
  values: { name: adminNames, profile: profileNames },
  examples: ["keyturn admin remove bob --profile iam-admin", "keyturn admin remove bob --plan", "keyturn admin remove bob --yes"],
  run: ({ args: { name, yes, plan: onlyPlan, ...signedInBy } }) => {
    const canAsk = process.stdin.isTTY && process.stdout.isTTY;
    if (!yes && !onlyPlan && !canAsk) {
      throw new UsageError(`keyturn admin remove asks for the name once more: run it in a terminal, or with --yes. See first: --plan.`);
    }
    return asIamAdmin(signedInBy, async ({ session, iam, secrets }) => {
      const survey = await surveyAccount({ iam, secrets });
      if (!isConfigured(name) && !survey.users.has(name)) {
        throw new UsageError(`${name} is an admin neither of keyturn.config.ts nor of account ${session.caller.account}.`);
      }
      const steps = planRemoval(await readCredentialState(name, { iam, secrets }, survey));
      if (steps.length === 0) {
        console.log(`${name} has neither key nor device in account ${session.caller.account}, and the secret holds none: nothing to do.`);
        return;
      }
      console.log(`Removing the credentials of ${name} from account ${session.caller.account}:`);
      for (const { will } of steps) console.log(`  - ${wrap(will, { indent: 4 })}`);
      if (onlyPlan) return;
      if (!yes) await confirm(name);
      console.log("");
      for (const { act, done } of steps) {
        await act({ iam, secrets });
        console.log(`  ${done}`);
      }
      if (planRemoval(await readCredentialState(name, { iam, secrets })).length > 0) {
        throw new CommandFailed(`Somebody has given ${name} credentials meanwhile. Run keyturn admin remove ${name} again.`);
      }
      console.log(
        `\n${wrap(`${name} can turn no key any more. A run that has its credentials already keeps them until they end: keyturn runs shows it, keyturn stop ends it.`)}`,
      );
    });
  },
});

async function confirm(name: string): Promise<void> {
  const { input } = await import("@inquirer/prompts");
  const typed = await input({ message: `Type ${name} to go on:` }).catch((error: unknown) => {
    if (error instanceof Error && error.name === "ExitPromptError") return "";
    throw error;
  });
  if (typed.trim() !== name) throw new CommandFailed("Nothing was changed.");
}
