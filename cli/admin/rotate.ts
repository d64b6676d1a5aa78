// `keyturn admin rotate`: an IAM admin gives an admin a new access key, and the old one goes when the new one is in use.

import { setTimeout as sleep } from "node:timers/promises";
import { STSClient } from "@aws-sdk/client-sts";
import type { RotationPlan } from "../../core/key-rotation.ts";
import { sessionArguments } from "../aws-session.ts";
import { command } from "../command.ts";
import { adminNames, profileNames } from "../completion/values.ts";
import { wrap } from "../terminal.ts";
import { assertConfigured } from "./configured-admin.ts";
import { readCredentialState } from "./credential-state.ts";
import { asIamAdmin } from "./iam-admin-session.ts";
import { carryOutRotation } from "./rotation.ts";
import { planRotation, rotationSteps } from "./rotation-plan.ts";

export const rotate = command({
  meta: { name: "rotate", description: "Give an admin a new access key, as an IAM admin; or end a rotation that was interrupted." },
  args: {
    name: { type: "positional", required: true, description: "an admin of keyturn.config.ts" },
    plan: { type: "boolean", description: "Only print what would be done." },
    drop: { type: "string", valueHint: "key id", description: "A key that is certainly not in use, where AWS cannot tell." },
    ...sessionArguments,
  },
  values: { name: adminNames, profile: profileNames },
  examples: ["keyturn admin rotate alice --profile iam-admin", "keyturn admin rotate alice --plan"],
  run: ({ args: { name, plan: onlyPlan, drop, ...signedInBy } }) => {
    assertConfigured(name);
    return asIamAdmin(signedInBy, async ({ session, iam, secrets }) => {
      const plan = planRotation(await readCredentialState(name, { iam, secrets }), { nowMs: session.nowMs(), drop });
      console.log(`Rotating the key of ${name} in account ${session.caller.account}:`);
      for (const step of rotationSteps(plan)) console.log(`  - ${wrap(step, { indent: 4 })}`);
      if (onlyPlan) return;
      console.log("");
      await carryOutRotation(plan, {
        iam,
        secrets,
        stsWith: (credentials) => new STSClient({ region: session.options.region, credentials }),
        // The emulator knows a new key at once.
        pause: (ms) => sleep(session.isLocal ? Math.min(ms, 50) : ms),
        report: (step) => console.log(`  ${step}`),
      });
      console.log(`\n${wrap(outcome(plan))}`);
    });
  },
});

function outcome(plan: RotationPlan): string {
  switch (plan.kind) {
    case "rotate":
      return `${plan.admin} has a new key, which nobody has seen; the device is the same.`;
    case "finish":
      return `The earlier rotation has its end. To replace ${plan.inUse.id} too, run this again.`;
    case "put-in-force":
      return `The scheduled rotation has its end. To replace ${plan.stored.id} too, run this again.`;
    default:
      return plan satisfies never;
  }
}
