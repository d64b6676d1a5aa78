// What the event history holds at most, so that an emulator that stays up does not grow without end.

import { expect, it } from "vitest";
import { MovableClock } from "../../../emulator/clock.ts";
import { createEnvironment } from "../../../emulator/environment.ts";
import type { CallRecord, EndedCall } from "../../../emulator/gateway/call-record.ts";
import { Trail } from "../../../emulator/services/cloudtrail/trail.ts";

const clock = new MovableClock({ frozenAtMs: 0 });
const environment = createEnvironment({ account: "111122223333", region: "us-east-1", clock });

const call = (requestId: string, of: Partial<CallRecord> = {}): EndedCall => ({
  record: {
    requestId,
    atMs: 0,
    durationMs: 0,
    service: "iam",
    operation: "ListUsers",
    caller: { type: "User", arn: "arn", accountId: "111122223333", userId: "AIDA", accessKeyId: "AKIA", userName: "alice", tags: {} },
    origin: { sourceIp: "127.0.0.1" },
    calledVia: [],
    outcome: "answered",
    ...of,
  },
});

it("holds the newest ten thousand events", () => {
  const trail = new Trail(environment, { delayMs: 0 });
  for (let at = 0; at < 10_010; at += 1) trail.add(call(String(at)));
  const positions = trail.visible().map(({ position }) => position);
  expect(positions).toHaveLength(10_000);
  expect([positions[0], positions.at(-1)]).toEqual([10_010, 11]);
});

it("holds fewer where they are long: sixteen million characters", () => {
  const trail = new Trail(environment, { delayMs: 0 });
  const message = "m".repeat(100_000);
  for (let at = 0; at < 400; at += 1) trail.add(call(String(at), { outcome: "failed", error: { code: "Invalid", message } }));
  const characters = trail.visible().reduce((sum, { record }) => sum + record.length, 0);
  expect(characters).toBeLessThanOrEqual(16_000_000);
  expect(characters).toBeGreaterThan(15_800_000);
});

it("holds no call of somebody unknown, and none of what is not modelled", () => {
  const trail = new Trail(environment, { delayMs: 0 });
  const { caller: _, ...unknown } = call("1").record;
  trail.add({ record: unknown });
  trail.add(call("2", { outcome: "failed", error: { code: "NotImplemented", message: "x" } }));
  trail.add(call("3", { operation: "GetObject", service: "s3" }));
  expect(trail.visible()).toEqual([]);
});
