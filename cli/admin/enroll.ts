// `keyturn admin enroll`: an IAM admin gives a batch admin an access key and a virtual MFA device; the key goes straight into its secret.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { renderUnicodeCompact } from "uqr";
import { roleNames } from "../../core/naming.ts";
import config from "../../keyturn.config.ts";
import { explained as explainedByAws, sessionArguments, signIn } from "../aws-session.ts";
import { command } from "../command.ts";
import { enrollAdmin, type NewDevice } from "../enrollment.ts";
import { askForCode } from "../one-time-code.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { wrap } from "../terminal.ts";

export const enroll = command({
  meta: { name: "enroll", description: "Give an admin an access key and a virtual MFA device, as an IAM admin." },
  args: {
    name: { type: "positional", required: true, description: "an admin of keyturn.config.ts" },
    ...sessionArguments,
  },
  examples: ["keyturn admin enroll alice --profile iam-admin"],
  run: async ({ args: { name, profile, region, local } }) => {
    if (!Object.hasOwn(config.admins, name)) {
      throw new UsageError(`${name} is no admin of keyturn.config.ts, which has ${Object.keys(config.admins).join(", ")}.`);
    }
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new UsageError("keyturn admin enroll shows a QR code and asks for two codes: run it in a terminal.");
    }
    const { options, caller } = await signIn({ profile: profile ?? (local ? "iam-admin" : undefined), region, local });
    const clients = { iam: new IAMClient(options), secrets: new SecretsManagerClient(options) };
    try {
      console.log(wrap(`Enrolling ${name} in account ${caller.account}, signed in as ${caller.arn}.`));
      if (!caller.arn.includes(`:assumed-role/${roleNames.iamAdmin}/`)) {
        console.log(wrap(`Only the role ${roleNames.iamAdmin} may write the secret; as anybody else this will be refused and undone.`));
      }
      await enrollAdmin(name, clients, showAndAsk).catch((error: unknown) => {
        throw explained(error, name);
      });
      console.log(
        `\n${name} is enrolled. The access key went into its secret and was shown to nobody; the codes come from that device alone.`,
      );
    } finally {
      for (const client of Object.values(clients)) client.destroy();
    }
  },
});

async function showAndAsk({ uri, seed }: NewDevice): Promise<readonly [string, string]> {
  console.log(`\nScan this with the authenticator app of the admin, or type in the seed\n${seed}:\n`);
  console.log(renderUnicodeCompact(uri, { border: 2 }));
  const first = await askForCode("The code it shows:");
  const second = await askForCode("The next one, in up to 30 seconds:", {
    check: (code) => code !== first || "That is the same code: wait for the next.",
  });
  return [first, second];
}

function explained(error: unknown, name: string): unknown {
  const because = error instanceof Error ? error.name : "";
  switch (because) {
    case "InvalidAuthenticationCodeException":
    case "InvalidAuthenticationCode":
      return new CommandFailed(`AWS did not accept the two codes; everything was undone. Run keyturn admin enroll ${name} again.`, {
        cause: error,
      });
    case "EntityAlreadyExistsException":
    case "EntityAlreadyExists":
      return new CommandFailed(
        `${name} has an MFA device already, so nothing was changed. To enrol anew, an IAM admin first deactivates and deletes it (aws iam deactivate-mfa-device, delete-virtual-mfa-device).`,
        { cause: error },
      );
    case "NoSuchEntityException":
    case "NoSuchEntity":
      return new CommandFailed(`There is no user ${name}: deploy the identity stack first (npx cdk deploy --all).`, { cause: error });
    case "ResourceNotFoundException":
      return new CommandFailed(
        `There is no secret for ${name}: deploy the keys stack first (npx cdk deploy --all). Everything was undone.`,
        {
          cause: error,
        },
      );
    default:
      return explainedByAws(error);
  }
}
