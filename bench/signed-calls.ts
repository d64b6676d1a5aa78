// How many calls a second the emulator takes over its socket: each signed by an SDK, verified, authorised, run and answered.

import { BatchClient, DescribeJobsCommand } from "@aws-sdk/client-batch";
import { EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { DescribeStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { repositoryRoot } from "../cli/local/repository.ts";
import { signedIn } from "../cli/local/sign-in.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { keyAlias, stateMachineName } from "../core/naming.ts";
import { type LocalStart, localStart } from "./local-start.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { inLanes, inTurns, sampleOf, timed } from "./sampling.ts";

const rounds = 7;
const callsPerRound = 600;
/** Calls under way at once. */
const lanes = 16;

export const signedCalls: Measurement = {
  name: "signed-calls",
  measures: `calls of real SDK clients to keyturn local start, ${lanes} at a time; the clients' own work is on the same cores`,
  async measure() {
    await synthesise(repositoryRoot);
    const local = await localStart();
    const { calls, destroy } = await callsOf(local);
    try {
      const rate = (call: () => Promise<unknown>) => async () => {
        const ms = await timed(() => inLanes(callsPerRound, lanes, call));
        return (callsPerRound / ms) * 1000;
      };
      const sides = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, rate(call)]));
      // The first calls load each service's model and warm the code up on both sides.
      await inTurns(1, sides);
      const rates = await inTurns(rounds, sides);
      return Object.entries(rates).map(([name, values]): Figure => figure(name, sampleOf(values), "per second", { atLeast: 1000 }));
    } finally {
      destroy();
      await local.stop();
    }
  },
};

/** One call per wire protocol, and one that a key policy decides. */
async function callsOf(local: LocalStart): Promise<{ calls: Record<string, () => Promise<unknown>>; destroy(): void }> {
  const operator = await local.credentials("operator");
  const [sts, sfn, kms, batch] = [
    signedIn(STSClient, operator, local),
    signedIn(SFNClient, operator, local),
    signedIn(KMSClient, operator, local),
    signedIn(BatchClient, operator, local),
  ];
  const stateMachineArn = `arn:aws:states:${local.region}:${local.account}:stateMachine:${stateMachineName}`;
  const code = { hop: "code", run: "bench", admin: "alice" };
  return {
    calls: {
      "sts:GetCallerIdentity": () => sts.send(new GetCallerIdentityCommand()),
      "states:DescribeStateMachine": () => sfn.send(new DescribeStateMachineCommand({ stateMachineArn })),
      "kms:Encrypt": () =>
        kms.send(new EncryptCommand({ KeyId: keyAlias.code, Plaintext: Buffer.from("123456"), EncryptionContext: code })),
      "batch:DescribeJobs": () => batch.send(new DescribeJobsCommand({ jobs: ["00000000-0000-4000-8000-000000000000"] })),
    },
    destroy: () => {
      for (const client of [sts, sfn, kms, batch]) client.destroy();
    },
  };
}
