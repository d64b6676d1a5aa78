// How many calls a second the emulator takes over its socket: each signed, verified, authorised, run and answered.

import { EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { repositoryRoot } from "../cli/local/repository.ts";
import { signedIn } from "../cli/local/sign-in.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import { keyAlias, stateMachineName } from "../core/naming.ts";
import { localStart } from "./local-start.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { inLanes, inTurns, sampleOf, timed } from "./sampling.ts";
import { type WireCall, WireClient } from "./wire-client.ts";

const rounds = 9;
const callsPerRound = 600;
/** Calls under way at once. */
const lanes = 16;

const json = { "content-type": "application/x-amz-json-1.1" };
const code = { hop: "code", run: "bench", admin: "alice" };
const noJob = "00000000-0000-4000-8000-000000000000";

/** One per wire protocol; the key's policy decides the third, with its encryption context. */
const calls = (stateMachineArn: string): Readonly<Record<string, WireCall>> => ({
  "sts:GetCallerIdentity": {
    service: "sts",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Action=GetCallerIdentity&Version=2011-06-15",
  },
  "states:DescribeStateMachine": {
    service: "states",
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions.DescribeStateMachine" },
    body: JSON.stringify({ stateMachineArn }),
  },
  "kms:Encrypt": {
    service: "kms",
    path: "/",
    headers: { ...json, "x-amz-target": "TrentService.Encrypt" },
    body: JSON.stringify({ KeyId: keyAlias.code, Plaintext: "MTIzNDU2", EncryptionContext: code }),
  },
  "batch:DescribeJobs": {
    service: "batch",
    path: "/v1/describejobs",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jobs: [noJob] }),
  },
});

export const signedCalls: Measurement = {
  name: "signed-calls",
  measures: `signed calls to keyturn local start, ${lanes} at a time; whoever signs and sends them works on the same cores`,
  async measure() {
    await synthesise(repositoryRoot);
    const local = await localStart();
    const operator = await local.credentials("operator");
    const wire = new WireClient({ ...local, credentials: operator });
    const kms = signedIn(KMSClient, operator, local);
    const encrypt = { KeyId: keyAlias.code, Plaintext: Buffer.from("123456"), EncryptionContext: code };
    try {
      const rate = (call: () => Promise<unknown>) => async () =>
        (callsPerRound * 1000) / (await timed(() => inLanes(callsPerRound, lanes, call)));
      const stateMachineArn = `arn:aws:states:${local.region}:${local.account}:stateMachine:${stateMachineName}`;
      const bounded = Object.entries(calls(stateMachineArn)).map(([name, call]) => [name, rate(() => wire.send(call))] as const);
      const withSdk = rate(() => kms.send(new EncryptCommand(encrypt)));
      const sides: Record<string, () => Promise<number>> = { ...Object.fromEntries(bounded), "kms:Encrypt, sent by the AWS SDK": withSdk };
      // The first calls load each service's model, and both sides' code gets warm.
      await inTurns(1, sides);
      const rates = await inTurns(rounds, sides);
      return Object.entries(rates).map(
        ([name, values]): Figure =>
          bounded.some(([of]) => of === name)
            ? figure(name, sampleOf(values), "per second", { atLeast: 1000 })
            : figure(name, sampleOf(values), "per second"),
      );
    } finally {
      wire.destroy();
      kms.destroy();
      await local.stop();
    }
  },
};
