// `keyturn admin enroll`: an IAM admin gives a batch admin an access key and a virtual MFA device; the key goes straight into its secret.

import { DeleteVirtualMFADeviceCommand } from "@aws-sdk/client-iam";
import { renderUnicodeCompact } from "uqr";
import { roleNames } from "../../core/naming.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { adminNames, profileNames } from "../completion/values.ts";
import { enrollAdmin, type NewDevice } from "../enrollment.ts";
import { askForCode } from "../one-time-code.ts";
import { CommandFailed, UsageError } from "../outcome.ts";
import { moment, wrap } from "../terminal.ts";
import { assertConfigured } from "./configured-admin.ts";
import { type CredentialState, readCredentialState } from "./credential-state.ts";
import { unlessGone } from "./credential-steps.ts";
import { asIamAdmin } from "./iam-admin-session.ts";

export const enroll = command({
  meta: { name: "enroll", description: "Give an admin an access key and a virtual MFA device, as an IAM admin." },
  args: {
    name: { type: "positional", required: true, description: "an admin of keyturn.config.ts" },
    ...sessionArguments,
  },
  values: { name: adminNames, profile: profileNames },
  examples: ["keyturn admin enroll alice --profile iam-admin"],
  run: ({ args: { name, ...signedInBy } }) => {
    assertConfigured(name);
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new UsageError("keyturn admin enroll shows a QR code and asks for two codes: run it in a terminal.");
    }
    return asIamAdmin(signedInBy, async ({ session: { caller }, iam, secrets, isIamAdmin }) => {
      const state = await readCredentialState(name, { iam, secrets });
      assertEnrollable(state);
      console.log(wrap(`Enrolling ${name} in account ${caller.account}, signed in as ${caller.arn}.`));
      if (!isIamAdmin) {
        console.log(wrap(`Only the role ${roleNames.iamAdmin} may write the secret; as anybody else this will be refused and undone.`));
      }
      const { looseDevice: SerialNumber } = state;
      if (SerialNumber !== undefined) {
        await unlessGone(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber })));
        console.log(wrap(`Deleted ${SerialNumber}, which an interrupted enrolment left behind.`));
      }
      await enrollAdmin(name, { iam, secrets }, showAndAsk).catch((error: unknown) => {
        throw explained(error, name);
      });
      console.log(
        `\n${name} is enrolled. The access key went into its secret and was shown to nobody; the codes come from that device alone.`,
      );
    });
  },
});

/** Throws CommandFailed, with the command that is meant, where the admin has a key or a device already. */
export function assertEnrollable({ admin, hasUser, keys, devices }: Pick<CredentialState, "admin" | "hasUser" | "keys" | "devices">): void {
  if (!hasUser) throw new CommandFailed(`There is no user ${admin}: deploy the identity stack first (npx cdk deploy --all).`);
  const [key] = keys;
  const [device] = devices;
  const anew = `keyturn admin remove ${admin}, then this again`;
  if (key !== undefined && device !== undefined) {
    throw new CommandFailed(
      `${admin} is enrolled: device since ${moment(device.enabledAtMs)}, key since ${moment(key.createdAtMs)}. Nothing was changed. For a new key: keyturn admin rotate ${admin}. For a new device: ${anew}.`,
    );
  }
  if (device !== undefined) {
    throw new CommandFailed(
      `${admin} has an MFA device and no key, as an interrupted enrolment leaves behind. Nothing was changed. For a key to that device: keyturn admin rotate ${admin}. For a new device: ${anew}.`,
    );
  }
  if (key !== undefined) {
    throw new CommandFailed(`${admin} has an access key and no MFA device. Nothing was changed. To enrol anew: ${anew}.`);
  }
}

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
    case "ExitPromptError":
      return new CommandFailed(`${name} was not enrolled; everything was undone.`, { cause: error });
    case "InvalidAuthenticationCodeException":
    case "InvalidAuthenticationCode":
      return new CommandFailed(`AWS did not accept the two codes; everything was undone. Run keyturn admin enroll ${name} again.`, {
        cause: error,
      });
    case "EntityAlreadyExistsException":
    case "EntityAlreadyExists":
      return new CommandFailed(`Somebody else enrols ${name} right now, so nothing was changed. See keyturn admin list.`, { cause: error });
    case "ResourceNotFoundException":
      return new CommandFailed(
        `There is no secret for ${name}: deploy the keys stack first (npx cdk deploy --all). Everything was undone.`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}
