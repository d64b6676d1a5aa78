// What keyturn admin list says of the rotation by schedule: where it is not as configured, failed, or hangs.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CredentialState, readCredentialState } from "../../cli/admin/credential-state.ts";
import { findingsOf } from "../../cli/admin/findings.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { type RotatedAccount, startRotatedAccount } from "../tasks/rotate-admin-key/rotated-account.ts";

const nowMs = Date.UTC(2026, 4, 1, 12);
const daysAgo = (days: number): number => nowMs - days * 86_400_000;
const key = (id: string, days: number) => ({ id, isActive: true, createdAtMs: daysAgo(days) });
const expected = { isConfigured: true, rotationDays: 90, nowMs };
const healthy: CredentialState = {
  admin: "alice",
  hasUser: true,
  isInGroup: true,
  keys: [key("OLD", 40)],
  devices: [{ serialNumber: "arn:aws:iam::111122223333:mfa/keyturn/alice", enabledAtMs: daysAgo(400) }],
  secret: { kind: "key", accessKeyId: "OLD", versionId: "v1" },
  staleLabels: [],
  scheduled: { isEnabled: true, lastAtMs: daysAgo(40), dueAtMs: daysAgo(-50) },
};
const overdue = { scheduled: { isEnabled: true, dueAtMs: daysAgo(2) } };
const pending = { pending: { versionId: "v2", wasInForce: false } };
const log = "why, /keyturn/tasks/rotate-admin-key says; by hand: keyturn admin rotate alice";

describe("of a rotation by schedule", () => {
  it.each<[string, Partial<CredentialState>, Partial<typeof expected>, readonly string[]]>([
    ["that is as it should be: nothing", {}, {}, []],
    ["that is due today: nothing", { scheduled: { isEnabled: true, dueAtMs: nowMs } }, {}, []],
    ["that was due: that it failed", overdue, {}, [`the rotation that was due by 2026-04-29 12:00:00 UTC has failed: ${log}`]],
    [
      "that was due and hangs: that it failed",
      { ...overdue, ...pending },
      {},
      [`the rotation that was due by 2026-04-29 12:00:00 UTC has failed: ${log}`],
    ],
    ["that was due, of a key that somebody has rotated since: nothing", { ...overdue, keys: [key("OLD", 1)] }, {}, []],
    ["that hangs: that it does", pending, {}, [`a scheduled rotation has begun and not ended; unless that was just now, ${log}`]],
    [
      "that is off: that it should be on",
      { scheduled: { isEnabled: false } },
      {},
      ["rotation by schedule is off, and in keyturn.config.ts: npx cdk deploy --all"],
    ],
    [
      "that is on and not configured: that too",
      {},
      { rotationDays: undefined as never },
      ["rotation by schedule is on, and not in keyturn.config.ts: npx cdk deploy --all"],
    ],
    ["that is off, as configured: nothing", { scheduled: { isEnabled: false } }, { rotationDays: undefined as never }, []],
    [
      "that fails because nobody is enrolled: only that",
      { ...overdue, ...pending, keys: [], devices: [], secret: { kind: "unwritten" } },
      {},
      ["not enrolled: keyturn admin enroll alice"],
    ],
    [
      "whose key is older than ninety days: that it is",
      { keys: [key("OLD", 120)] },
      {},
      ["the key is 120 days old: keyturn admin rotate alice"],
    ],
    ["with an interval of its own: nothing, while the key is younger", { keys: [key("OLD", 120)] }, { rotationDays: 180 }, []],
  ])("%s", (_what, of, change, findings) => {
    expect(findingsOf({ ...healthy, ...of }, { ...expected, ...change })).toEqual(findings);
  });
});

describe("in an account", () => {
  let account: RotatedAccount;
  beforeAll(async () => {
    account = await startRotatedAccount();
  });
  afterAll(() => account.stop());

  /** As the account's administrator, whose key outlives the IAM admin's session. */
  async function listed(): Promise<{ readonly state: CredentialState; readonly findings: readonly string[] }> {
    const { at } = account;
    const clients = { iam: signedIn(IAMClient, at.administrator, at), secrets: signedIn(SecretsManagerClient, at.administrator, at) };
    const state = await readCredentialState("alice", clients);
    for (const client of Object.values(clients)) client.destroy();
    return { state, findings: findingsOf(state, { ...expected, nowMs: at.emulator.clock.now() }) };
  }

  it("a rotation that fails at each of its tries is said to have failed, until one succeeds", async () => {
    const before = (await listed()).state.scheduled;
    const failing = account.fail({ service: "iam", operation: "ListMFADevices", callerRole: "RotateAdminKeyRole", times: 1000 });
    await account.nextAttempt();
    expect((await listed()).findings[0]).toBe(`a scheduled rotation has begun and not ended; unless that was just now, ${log}`);
    for (let retry = 0; retry < 4; retry += 1) await account.nextAttempt();
    await account.advance(86_400_000);
    const due = `${new Date(before.dueAtMs ?? 0).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    expect((await listed()).findings).toContain(`the rotation that was due by ${due} has failed: ${log}`);
    failing.lift();
    await account.nextAttempt();
    const { state, findings } = await listed();
    expect(findings).toEqual([]);
    const { lastAtMs = 0, dueAtMs } = state.scheduled;
    const dayMs = 86_400_000;
    expect(lastAtMs).toBeGreaterThan(before.dueAtMs ?? 0);
    expect(dueAtMs).toBe(Math.floor(lastAtMs / dayMs) * dayMs + 91 * dayMs - 1000);
  });
});
