// Ninety days pass: Secrets Manager rotates every admin's key by itself, as the templates set it up, and runs go on with codes of the same devices.

import { IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import type { Credentials } from "../../emulator/service.ts";
import { longTermKey } from "../attacks/attacked-account.ts";
import { admins, unenrolled } from "../fixtures/trials/admins.ts";
import { endRecordSweep } from "../support/record-sweep.ts";
import { Operator } from "./operator.ts";
import { type Admin, freshCode, type RunAccount, startRunAccount } from "./run-account.ts";

const enrolled: readonly Admin[] = admins.filter((admin) => admin !== unenrolled);

let at: RunAccount;
let operator: Operator;
const before = new Map<Admin, Credentials>();
beforeAll(async () => {
  at = await startRunAccount();
  await endRecordSweep(at);
  operator = new Operator(at);
  for (const admin of enrolled) before.set(admin, await longTermKey(admin, at));
  const { clock, secretsManager } = at.emulator;
  const windows = admins.map((admin) => secretsManager.nextRotation(`keyturn/admins/${admin}`) ?? Number.NaN);
  // Every window opens at the same midnight: that of the ninetieth day.
  expect(new Set(windows).size).toBe(1);
  expect(windows[0]).toBe(Math.floor(clock.now() / 86_400_000) * 86_400_000 + 90 * 86_400_000);
  await clock.advance((windows[0] ?? 0) - clock.now());
  await secretsManager.idle();
}, 180_000);
afterAll(async () => {
  operator?.destroy();
  await at?.emulator.stop();
});

const keysOf = async (admin: string): Promise<readonly (string | undefined)[]> => {
  const iam = signedIn(IAMClient, at.administrator, at);
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: admin }));
  iam.destroy();
  return AccessKeyMetadata.map(({ AccessKeyId }) => AccessKeyId);
};

describe("ninety days later", () => {
  it.each(enrolled)("%s has one key, which is new, and is the one in the secret; the key before opens nothing", async (admin) => {
    const { accessKeyId } = await longTermKey(admin, at);
    const old = before.get(admin);
    expect(accessKeyId).not.toBe(old?.accessKeyId);
    expect(await keysOf(admin)).toEqual([accessKeyId]);
    const sts = signedIn(STSClient, old as Credentials, at);
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
    sts.destroy();
  });

  it(`${unenrolled}, who was never enrolled, has got nothing`, async () => {
    expect(await keysOf(unenrolled)).toEqual([]);
    await expect(longTermKey(unenrolled as Admin, at)).rejects.toThrow(
      "can't find the specified secret value for staging label: AWSCURRENT",
    );
  });

  it("a run with a code of the device that the admin has had all along succeeds", async () => {
    const input = { job: "trial", admin: "alice", parameters: { act: "succeed" }, mfaCode: await freshCode("alice", at) };
    expect((await operator.run(input)).rest).toMatchObject({ status: "SUCCEEDED", at: "RunJob" });
  });
});
