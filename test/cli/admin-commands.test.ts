import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { type LocalKeyturn, startLocalKeyturn } from "./local-keyturn.ts";
import { atTerminal, hasPython, keys } from "./terminal-session.ts";

let local: LocalKeyturn;

beforeAll(async () => {
  local = await startLocalKeyturn();
});
afterAll(() => local.stop());

interface Listed {
  readonly admin: string;
  readonly keys: readonly { readonly id: string; readonly inSecret: boolean }[];
  readonly problems: readonly string[];
}

async function listed(admin: string): Promise<Listed | undefined> {
  const { stdout } = await local.keyturn("admin", "list", "--json");
  return (JSON.parse(stdout) as Listed[]).find((one) => one.admin === admin);
}

const terminal = (...argv: readonly string[]) => atTerminal([...argv, "--local"], local.environment);

describe("keyturn admin list", () => {
  it("--json prints one document: keys, devices, jobs and problems of every admin", async () => {
    const { code, stdout, stderr } = await local.keyturn("admin", "list", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout) as unknown;
    expect(stdout).toBe(`${JSON.stringify(document)}\n`);
    const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
    const enrolled = (admin: string, jobs: string[]) => ({
      ...{ admin, configured: true, hasUser: true, jobs },
      keys: [{ id: expect.stringMatching(/^AKIA/) as string, active: true, inSecret: true, createdAt: date, ageDays: 0, lastUsedAt: null }],
      devices: [{ serialNumber: `arn:aws:iam::111122223333:mfa/keyturn/${admin}`, enabledAt: date }],
      secret: "key",
      rotation: { scheduled: true, lastAt: null, dueAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT23:59:59/) as string, pending: false },
      problems: [],
    });
    expect(document).toEqual([enrolled("alice", ["credential-report", "disable-access-key"]), enrolled("bob", ["disable-access-key"])]);
  });

  it("reads well without it", async () => {
    const { code, stdout } = await local.keyturn("admin", "list");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^alice\n {2}jobs {6}credential-report, disable-access-key\n {2}key {7}AKIA\w+, 0 days old, never used\n {2}device {4}arn:aws:iam::/,
    );
    expect(stdout).toMatch(/^ {2}rotation {2}next by \d{4}-\d\d-\d\d 23:59:59 UTC, none by schedule so far$/m);
    expect(stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it("is denied to who has not taken on the role, and says which", async () => {
    const { code, stdout, stderr } = await local.keyturn("admin", "list", "--profile", "operator");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("Only the role KeyturnIamAdmin may do all of this: choose a --profile that takes it on.");
  });
});

describe("refusals", () => {
  it.each<[string, readonly string[], string]>([
    ["rotating nobody's key", ["admin", "rotate", "mallory"], "mallory is no admin of keyturn.config.ts, which has alice, bob."],
    [
      "removing who is nobody",
      ["admin", "remove", "mallory", "--yes"],
      "mallory is an admin neither of keyturn.config.ts nor of account 111122223333.",
    ],
    [
      "removing without being asked",
      ["admin", "remove", "bob"],
      "keyturn admin remove asks for the name once more: run it in a terminal, or with --yes.",
    ],
    [
      "dropping a key that is none",
      ["admin", "rotate", "alice", "--drop", "AKIANOBODYS"],
      "--drop AKIANOBODYS is no key of alice, who has AKIA",
    ],
  ])("%s ends with 2 and changes nothing", async (_, argv, message) => {
    const { code, stdout, stderr } = await local.keyturn(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
    expect((await listed("bob"))?.problems).toEqual([]);
  });
});

describe("keyturn admin rotate", () => {
  it("--plan says what it would do, and does nothing", async () => {
    const before = await listed("alice");
    const { code, stdout } = await local.keyturn("admin", "rotate", "alice", "--plan");
    expect(code).toBe(0);
    expect(await listed("alice")).toEqual(before);
    expect(stdout).toContain("write it into keyturn/admins/alice");
  });

  it("gives a new key, prints its id and nothing secret", async () => {
    const before = (await listed("alice"))?.keys[0]?.id ?? "";
    const { code, stdout, stderr } = await local.keyturn("admin", "rotate", "alice");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const after = await listed("alice");
    expect(after).toMatchObject({ keys: [{ inSecret: true }], problems: [] });
    expect(after?.keys[0]?.id).not.toBe(before);
    for (const part of [`created ${after?.keys[0]?.id}`, `deleted ${before}`, "alice has a new key, which nobody has seen"]) {
      expect(stdout).toContain(part);
    }
    // 40 characters of base 64, as a secret access key is.
    expect(stdout).not.toMatch(/[A-Za-z0-9/+]{40}/);
  });
});

describe("keyturn admin remove", () => {
  it("--plan says what it would do, and does nothing", async () => {
    const { code, stdout } = await local.keyturn("admin", "remove", "bob", "--plan");
    expect(code).toBe(0);
    expect(stdout).toContain("overwrite keyturn/admins/bob with a marker");
    expect((await listed("bob"))?.problems).toEqual([]);
  });

  it.skipIf(!hasPython)("at a terminal it wants the name typed, and changes nothing on another", async () => {
    const at = terminal("admin", "remove", "bob");
    await at.shows("Type bob to go on:");
    at.type(`bab${keys.enter}`);
    await expect(at.ended).resolves.toMatchObject({ code: 1, screen: expect.stringContaining("Nothing was changed.") as string });
    expect((await listed("bob"))?.problems).toEqual([]);
  });

  it.skipIf(!hasPython)("takes key and device away once the name is typed; then there is nothing left to do", async () => {
    const at = terminal("admin", "remove", "bob");
    await at.shows("Type bob to go on:");
    at.type(`bob${keys.enter}`);
    await expect(at.ended).resolves.toMatchObject({ code: 0, screen: expect.stringContaining("bob can turn no key any more.") as string });
    expect(await listed("bob")).toMatchObject({
      keys: [],
      devices: [],
      secret: "removed",
      problems: ["not enrolled: keyturn admin enroll bob"],
    });
    const { code, stdout } = await local.keyturn("admin", "remove", "bob", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("nothing to do.");
  });
});

describe.skipIf(!hasPython)("keyturn admin enroll at a terminal", () => {
  const seedOn = (screen: string): string => /type in the seed\s+([A-Z2-7]{32,}):/.exec(screen)?.[1] ?? "";

  it("names rotate and remove for who is enrolled", async () => {
    const { code, screen } = await terminal("admin", "enroll", "alice").ended;
    expect(code).toBe(1);
    expect(screen).toContain("For a new key: keyturn admin rotate alice. For a new device: keyturn admin remove alice");
  });

  it("leaves nothing behind when it is interrupted at the code", async () => {
    const at = terminal("admin", "enroll", "bob");
    await at.shows("The code it shows:");
    at.type(keys.interrupt);
    const { code, screen } = await at.ended;
    expect(code).toBe(1);
    expect(screen).toContain("bob was not enrolled; everything was undone.");
    expect(screen).not.toContain("    at ");
    expect(await listed("bob")).toMatchObject({ devices: [], problems: ["not enrolled: keyturn admin enroll bob"] });
  });

  it("enrols who was removed, over the device that a killed enrolment left", async () => {
    const killed = terminal("admin", "enroll", "bob");
    await killed.shows("The code it shows:");
    killed.kill();
    await killed.ended;
    expect((await listed("bob"))?.problems).toContain("a device that was never activated: keyturn admin enroll bob");
    const at = terminal("admin", "enroll", "bob");
    await at.shows("which an interrupted enrolment left behind.");
    await at.shows("The code it shows:");
    const [first, second] = new VirtualAuthenticator(seedOn(at.screen()), Date.now).activationCodes();
    at.type(`${first}${keys.enter}`);
    await at.shows("The next one, in up to 30 seconds:");
    at.type(`${second}${keys.enter}`);
    await expect(at.ended).resolves.toMatchObject({ code: 0, screen: expect.stringContaining("bob is enrolled.") as string });
    expect(await listed("bob")).toMatchObject({ keys: [{ inSecret: true }], problems: [] });
  });
});
