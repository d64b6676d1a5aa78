import { describe, expect, it } from "vitest";
import { formatEnvelope, open, parseEnvelope, seal } from "../../../core/envelope.ts";
import { type Order, orderDigest } from "../../../core/order.ts";
import { decodeCredentials, encodeCredentials } from "../../../core/short-lived-credentials.ts";
import type { AssumeRoleRequest, AssumeRoleVerdict } from "../../../tasks/retrieve-credentials/assume-role.ts";
import { type RetrieveCredentialsDependencies, retrieveCredentials } from "../../../tasks/retrieve-credentials/task.ts";
import { sampleJob, sampleOrder, samplePlace, startedAt } from "../sample-job.ts";
import { isWiped, sampleRelay } from "../sample-relay.ts";

const startMs = Date.parse(startedAt);
const mfaSession = {
  accessKeyId: "ASIASESSION",
  secretAccessKey: "session secret",
  sessionToken: "session token",
  expiration: "2026-11-21T08:15:00.000Z",
  mfaAt: startedAt,
};
const jobCredentials = {
  accessKeyId: "ASIAJOB",
  secretAccessKey: "job secret",
  sessionToken: "job token",
  expiration: "2026-11-21T08:53:00.000Z",
};
const cause = Object.assign(new Error("User: … is not authorized"), { name: "AccessDenied" });

function world(change: Partial<RetrieveCredentialsDependencies> & { verdict?: AssumeRoleVerdict; atMs?: number } = {}) {
  const relay = sampleRelay();
  const asked: AssumeRoleRequest[] = [];
  const { verdict = { assumed: true, credentials: jobCredentials }, atMs = startMs, ...rest } = change;
  const dependencies: RetrieveCredentialsDependencies = {
    catalogue: [sampleJob],
    places: { "rotate-keys": samplePlace },
    assumeRole: async (request) => {
      asked.push(request);
      return verdict;
    },
    generate: relay.generate,
    unwrap: relay.unwrap,
    keys: { session: "session-key", credentials: "credentials-key" },
    nowMs: () => atMs,
    randomBytes: (size) => new Uint8Array(size).fill(7),
    ...rest,
  };
  const sealSession = (order: Order, session: typeof mfaSession | Omit<typeof mfaSession, "mfaAt"> = mfaSession): string => {
    const binding = { run: order.run, digest: order.digest };
    const context = { hop: "mfa-session", run: order.run, order: order.digest };
    const dataKey = new Uint8Array(32).fill(3);
    const wrappedKey = relay.wrap(dataKey, { keyArn: "session-key", context });
    return formatEnvelope(seal(encodeCredentials(session), { dataKey, wrappedKey, nonce: new Uint8Array(12), binding }));
  };
  return { relay, asked, dependencies, sealSession };
}

const failure = (name: string, message: string) => expect.objectContaining({ name, message });

describe("retrieving a job's credentials", () => {
  it("assumes the job's role as run and admin, for the order's time, narrowed by the job's session policy", async () => {
    const { asked, dependencies, sealSession } = world();
    const order = sampleOrder();
    await retrieveCredentials({ order, session: sealSession(order) }, dependencies);
    expect(asked).toEqual([
      {
        session: mfaSession,
        roleArn: "arn:aws:iam::111122223333:role/BatchRoleRotateKeys",
        sessionName: "run-1",
        sourceIdentity: "alice",
        durationSeconds: 3180,
        policy: expect.any(String),
      },
    ]);
    // The run's own prefix, and the use of the job's data key that writing there takes.
    expect(JSON.parse(asked[0]?.policy ?? "")).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: ["s3:PutObject"], Resource: ["arn:aws:s3:::data/run-1/team/*"] },
        {
          Effect: "Allow",
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          Resource: ["arn:aws:kms:us-east-1:111122223333:key/*"],
          Condition: { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } },
        },
      ],
    });
  });

  it("has no session policy where the job declares none", async () => {
    const { sessionPolicy: _none, ...plain } = sampleJob;
    const { asked, dependencies, sealSession } = world({ catalogue: [plain] });
    const order = sampleOrder();
    await retrieveCredentials({ order, session: sealSession(order) }, dependencies);
    expect(asked[0]?.policy).toBeUndefined();
  });

  it("seals them for this run and order under the job credentials key, and wipes both data keys", async () => {
    const { relay, dependencies, sealSession } = world();
    const order = sampleOrder();
    const { credentials, expiresAt } = await retrieveCredentials({ order, session: sealSession(order) }, dependencies);
    expect(expiresAt).toBe("2026-11-21T08:53:00.000Z");
    expect(relay.handedOut).toHaveLength(2);
    expect(relay.handedOut.every(isWiped)).toBe(true);
    const envelope = parseEnvelope(credentials);
    const context = { hop: "job-credentials", run: "run-1", order: order.digest, until: "2026-11-21T08:53:00.000Z" };
    const dataKey = await relay.unwrap(envelope.wrappedKey, { keyArn: "credentials-key", context });
    expect(decodeCredentials(open(envelope, { dataKey, binding: { run: "run-1", digest: order.digest } }), "run-1")).toEqual(
      jobCredentials,
    );
  });

  it.each<[string, number, object]>([
    ["its credentials ended", 0, { expiration: startedAt }],
    ["the code is 15 minutes old, though the session lives longer", 900_000, { expiration: "2026-11-21T20:00:00.000Z" }],
    ["both at once", 900_000, {}],
  ])("asks for a new code when %s, without asking STS", async (_what, laterMs, change) => {
    const { asked, dependencies, sealSession } = world({ atMs: startMs + laterMs });
    const order = sampleOrder();
    await expect(retrieveCredentials({ order, session: sealSession(order, { ...mfaSession, ...change }) }, dependencies)).rejects.toThrow(
      failure("MfaSessionExpired", "Run run-1: the MFA session has ended; it lasts 15 minutes. A fresh code of alice opens a new one."),
    );
    expect(asked).toEqual([]);
  });

  it("takes a session in its last millisecond", async () => {
    const { asked, dependencies, sealSession } = world({ atMs: startMs + 899_999 });
    const order = sampleOrder();
    await retrieveCredentials({ order, session: sealSession(order) }, dependencies);
    expect(asked).toHaveLength(1);
  });

  it.each<[AssumeRoleVerdict, string, string]>([
    [
      { assumed: false, because: "session-expired", cause },
      "MfaSessionExpired",
      "Run run-1: the MFA session has ended; it lasts 15 minutes. A fresh code of alice opens a new one.",
    ],
    [
      { assumed: false, because: "refused", cause },
      "JobRoleRefused",
      "Run run-1: alice may not assume BatchRoleRotateKeys: AWS does not say why. Check that alice is in the group BatchJobAdmins and among the admins of job rotate-keys, that the code is less than 15 minutes old, and that retrieve-credentials still runs in its own subnets with the STS endpoint that BatchRoleRotateKeys trusts.",
    ],
    [
      { assumed: false, because: "too-long", cause },
      "JobRoleRefused",
      "Run run-1: alice may not assume BatchRoleRotateKeys: its MaxSessionDuration is below the 3180 s that the job needs. Deploy the jobs stack again.",
    ],
  ])("%j has a name, a message with a way out, and its cause", async (verdict, name, message) => {
    const { dependencies, sealSession } = world({ verdict });
    const order = sampleOrder();
    await expect(retrieveCredentials({ order, session: sealSession(order) }, dependencies)).rejects.toThrow(
      expect.objectContaining({ name, message, cause }),
    );
  });

  it("lets other failures of STS through as they are", async () => {
    const throttled = Object.assign(new Error("slow down"), { name: "ThrottlingException" });
    const { dependencies, sealSession } = world({ assumeRole: () => Promise.reject(throttled) });
    const order = sampleOrder();
    await expect(retrieveCredentials({ order, session: sealSession(order) }, dependencies)).rejects.toBe(throttled);
  });

  it.each([
    ["another run's session", sampleOrder({ run: "run-2" })],
    ["a session of the same run with other parameters", sampleOrder({ path: "others" })],
  ])("does not open %s", async (_what, other) => {
    const { asked, dependencies, sealSession } = world();
    await expect(retrieveCredentials({ order: sampleOrder(), session: sealSession(other) }, dependencies)).rejects.toMatchObject({
      name: "EnvelopeUnopenable",
    });
    expect(asked).toEqual([]);
  });

  it.each([undefined, null, 7, "", "kt1.a.b.c", { session: "x" }])("does not take %j for a session", async (session) => {
    await expect(retrieveCredentials({ order: sampleOrder(), session }, world().dependencies)).rejects.toMatchObject({
      name: "EnvelopeUnopenable",
    });
  });

  const redigested = (order: Order): Order => ({ ...order, digest: orderDigest(order) });
  it.each<[string, Order, string]>([
    ["another job's role", { ...sampleOrder(), jobRole: "arn:aws:iam::111122223333:role/BatchRoleAdmin" }, "jobRole of the order differ"],
    [
      "another account's role",
      { ...sampleOrder(), jobRole: "arn:aws:iam::999999999999:role/BatchRoleRotateKeys" },
      "jobRole of the order differ",
    ],
    ["more attempts", { ...sampleOrder(), attempts: 4 }, "attempts, credentialSeconds of the order differ"],
    ["a longer timeout", { ...sampleOrder(), timeoutSeconds: 601 }, "timeoutSeconds, credentialSeconds of the order differ"],
    ["longer credentials", { ...sampleOrder(), credentialSeconds: 43_200 }, "credentialSeconds of the order differ"],
    [
      "a job that is not deployed",
      redigested({ ...sampleOrder(), job: "constructor" }),
      "job constructor is not in the catalogue that is deployed",
    ],
    ["a changed command", { ...sampleOrder(), command: [] }, "the order was changed after it was admitted"],
  ])("refuses an order with %s before it opens anything", async (_what, order, message) => {
    const { relay, asked, dependencies, sealSession } = world();
    await expect(retrieveCredentials({ order, session: sealSession(order) }, dependencies)).rejects.toThrow(
      expect.objectContaining({ name: "OrderMismatch", message: expect.stringContaining(message) }),
    );
    expect([asked, relay.handedOut]).toEqual([[], []]);
  });
});
