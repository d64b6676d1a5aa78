import { describe, expect, it } from "vitest";
import { type Decision, decide } from "../../../jobs/disable-access-key/decide.ts";
import type { KeyState } from "../../../jobs/disable-access-key/key-state.ts";

const now = "2026-11-22T03:00:00.000Z";
const key = (of: Partial<KeyState>): KeyState => ({
  user: "deployer",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  status: "Active",
  createdAt: "2024-01-01T00:00:00.000Z",
  lastUsedAt: null,
  lastUsedFor: null,
  ...of,
});

describe("what is done with a key", () => {
  it.each<[string, Partial<KeyState>, { quietMinutes: number; evenIfInUse: boolean }, Decision]>([
    ["never used", {}, { quietMinutes: 1440, evenIfInUse: false }, { kind: "deactivate" }],
    ["used long ago", { lastUsedAt: "2026-11-01T00:00:00.000Z" }, { quietMinutes: 1440, evenIfInUse: false }, { kind: "deactivate" }],
    [
      "used as long ago as it must be",
      { lastUsedAt: "2026-11-21T03:00:00.000Z" },
      { quietMinutes: 1440, evenIfInUse: false },
      { kind: "deactivate" },
    ],
    [
      "used a second too recently",
      { lastUsedAt: "2026-11-21T03:00:01.000Z" },
      { quietMinutes: 1440, evenIfInUse: false },
      { kind: "in-use", minutesAgo: 1439 },
    ],
    [
      "used by another clock's time, which is ahead",
      { lastUsedAt: "2026-11-22T03:04:00.000Z" },
      { quietMinutes: 15, evenIfInUse: false },
      { kind: "in-use", minutesAgo: 0 },
    ],
    ["in use, and told so", { lastUsedAt: "2026-11-22T02:59:00.000Z" }, { quietMinutes: 1440, evenIfInUse: true }, { kind: "deactivate" }],
    [
      "inactive, though used lately",
      { status: "Inactive", lastUsedAt: "2026-11-22T02:59:00.000Z" },
      { quietMinutes: 1440, evenIfInUse: false },
      { kind: "nothing-to-do" },
    ],
  ])("%s", (_what, of, rules, decision) => {
    expect(decide(key(of), rules, Date.parse(now))).toEqual(decision);
  });
});
