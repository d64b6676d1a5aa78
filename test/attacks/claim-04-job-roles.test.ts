// Claim 4 by attack: no principal can assume a BatchRole without MFA, nor from outside the retrieve-credentials subnets.

import { IAMClient, RemoveUserFromGroupCommand } from "@aws-sdk/client-iam";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedIn } from "../../cli/local/sign-in.ts";
import { roleNames } from "../../core/naming.ts";
import type { Credentials } from "../../emulator/service.ts";
import {
  assume,
  type Deployed,
  longTermKey,
  mfaSession,
  outcomeOf,
  startAttackedAccount,
  stolen,
  withInterface,
} from "./attacked-account.ts";
import { given } from "./specimens.ts";

let at: Deployed;
let sessions: { readonly alice: Credentials; readonly bob: Credentials };

beforeAll(async () => {
  at = await startAttackedAccount();
  sessions = { alice: await mfaSession("alice", at), bob: await mfaSession("bob", at) };
});

afterAll(() => at?.emulator.stop());

const become = (credentials: Credentials, of: { role?: string; as?: string; from?: string } = {}): Promise<string> => {
  const { role = "BatchRoleCredentialReport", as, from = "retrieve-credentials" } = of;
  const request = { role: at.roleArn(role), ...(as === undefined ? {} : { SourceIdentity: as }) };
  if (from === "outside") return outcomeOf(assume(credentials, request, at));
  return withInterface(from, at, (origin) => outcomeOf(assume(credentials, request, at, origin)));
};

describe("a job's role", () => {
  it("is given to the assigned admin, with MFA, under the admin's own name, from the subnets of retrieve-credentials", async () => {
    expect(await become(sessions.alice, { as: "alice" })).toBe("allowed");
  });

  it("is refused to the admin's long-term key, even there", async () => {
    expect(await become(await longTermKey("alice", at), { as: "alice" })).toBe("AccessDenied");
  });

  it.each(["outside", "validate-mfa"])("is refused to the same session from %s", async (from) => {
    expect(await become(sessions.alice, { as: "alice", from })).toBe("AccessDenied");
  });

  it("is refused without a source identity, and under somebody else's name", async () => {
    expect(await become(sessions.alice)).toBe("AccessDenied");
    expect(await become(sessions.alice, { as: "bob" })).toBe("AccessDenied");
  });

  it("is refused to an admin whom the job does not name", async () => {
    expect(await become(sessions.bob, { as: "bob" })).toBe("AccessDenied");
    expect(await become(sessions.bob, { as: "alice" })).toBe("AccessDenied");
    expect(await become(sessions.alice, { role: "BatchRoleAnnounce", as: "alice" })).toBe("AccessDenied");
  });

  it.each([roleNames.retrieveCredentials, roleNames.validateMfa, roleNames.iamAdmin, "operator"] as const)(
    "is refused to %s, standing in the right place",
    async (principal) => {
      expect(await become(await stolen(principal, at), { as: "alice" })).toBe("AccessDenied");
    },
  );

  it("is refused once the code is 15 minutes old, however long the session lives", async () => {
    const enrolled = given(at.admins.get("alice"));
    const sts = signedIn(STSClient, await longTermKey("alice", at), at);
    const { Credentials: issued } = await sts.send(
      new GetSessionTokenCommand({
        SerialNumber: enrolled.device.serialNumber,
        TokenCode: enrolled.authenticator.code(),
        DurationSeconds: 3600,
      }),
    );
    const session = {
      accessKeyId: given(issued?.AccessKeyId),
      secretAccessKey: given(issued?.SecretAccessKey),
      sessionToken: given(issued?.SessionToken),
    };
    await at.emulator.clock.advance(14 * 60_000);
    expect(await become(session, { as: "alice" })).toBe("allowed");
    await at.emulator.clock.advance(60_000);
    expect(await become(session, { as: "alice" })).toBe("AccessDenied");
  });

  it("is refused as soon as the admin has left the group", async () => {
    const session = await mfaSession("alice", at);
    const iam = signedIn(IAMClient, at.administrator, at);
    await iam.send(new RemoveUserFromGroupCommand({ UserName: "alice", GroupName: "BatchJobAdmins" }));
    expect(await become(session, { as: "alice" })).toBe("AccessDenied");
  });
});
