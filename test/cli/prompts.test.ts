import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalKeyturn, startLocalKeyturn } from "./local-keyturn.ts";
import { atTerminal, hasPython, keys } from "./terminal-session.ts";

// Visible where it is skipped: python3 makes the pseudo-terminal.
describe.skipIf(!hasPython)("at a terminal", () => {
  let local: LocalKeyturn;

  beforeAll(async () => {
    local = await startLocalKeyturn();
  });
  afterAll(() => local.stop());

  const terminal = (...argv: readonly string[]) => atTerminal([...argv, "--local"], local.environment);
  const runIn = (screen: string): string => /Run (\S+) is started/.exec(screen)?.[1] ?? "";

  it("keyturn run shows the plan, asks for the code last, says why one was refused, asks again, and shows the result", async () => {
    const at = terminal("run", "credential-report", "--reason", "Quarterly review");
    await at.shows("BatchRoleCredentialReport");
    await at.shows("Start it with the code that alice's authenticator shows now:");
    const wrong = local.wrongCode();
    at.type(`${wrong}${keys.enter}`);
    await at.shows("MfaRejected");
    await at.shows("waits for a one-time code of alice");
    await at.shows("The code that alice's authenticator shows now:");
    const good = await local.code();
    at.type(`${good}${keys.enter}`);
    await at.shows("The job's log");
    await at.shows("No findings.");
    const { code, screen } = await at.ended;
    expect(code).toBe(0);
    for (const part of ["RetrieveCredentials", "RunJobRole", "s3://keyturn-credential-report-", "succeeded", "exit code 0"]) {
      expect(screen).toContain(part);
    }
  });

  it("what is no code is not taken", async () => {
    const at = terminal("run", "credential-report");
    await at.shows("authenticator shows now:");
    at.type(`12345${keys.enter}`);
    await at.shows("A code has six digits.");
    at.type(keys.interrupt);
    await at.shows("Nothing was started.");
    expect((await at.ended).code).toBe(1);
  });

  it("Ctrl-C asks, and leaves the run going", async () => {
    const at = terminal("run", "credential-report");
    await at.shows("authenticator shows now:");
    at.type(`${local.wrongCode()}${keys.enter}`);
    await at.shows("waits for a one-time code of alice");
    await at.shows("authenticator shows now:");
    at.type(keys.interrupt);
    await at.shows("leave it going");
    at.type(keys.enter);
    const { code, screen } = await at.ended;
    expect(code).toBe(4);
    const run = runIn(screen);
    expect(screen).toContain(`keyturn approve ${run} --local`);
    const { stdout } = await local.keyturn("status", run, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ status: "RUNNING", waitsFor: { what: "mfa-code" } });
  });

  it("Ctrl-C twice leaves it going, too", async () => {
    const at = terminal("run", "credential-report");
    await at.shows("authenticator shows now:");
    at.type(`${local.wrongCode()}${keys.enter}`);
    await at.shows("waits for a one-time code of alice");
    await at.shows("authenticator shows now:");
    at.type(keys.interrupt);
    await at.shows("leave it going");
    at.type(keys.interrupt);
    expect((await at.ended).code).toBe(4);
  });

  it("Ctrl-C can stop it, and says what is still valid", async () => {
    const at = terminal("run", "credential-report");
    await at.shows("authenticator shows now:");
    at.type(`${local.wrongCode()}${keys.enter}`);
    await at.shows("waits for a one-time code of alice");
    await at.shows("authenticator shows now:");
    at.type(keys.interrupt);
    await at.shows("leave it going");
    at.type(`${keys.down}${keys.enter}`);
    await at.shows("is stopped.");
    await at.shows("Nothing that was issued for it is valid any more.");
    expect((await at.ended).code).toBe(1);
  });

  it("two people are asked at once: one answers, the other is told", async () => {
    const { stdout } = await local.keyturn("run", "credential-report", "--json", "--reason", "for two");
    const { run } = JSON.parse(stdout) as { run: string };
    const both = [terminal("approve", run), terminal("approve", run)] as const;
    for (const at of both) {
      await at.shows("for two");
      await at.shows("authenticator shows now:");
    }
    both[0].type(`${await local.code()}${keys.enter}`);
    await both[0].shows("The code was accepted");
    await both[1].shows("Somebody else has answered");
    expect((await both[0].ended).code).toBe(0);
    await both[1].ended;
  });
});
