import { describe, expect, it } from "vitest";
import { formatEnvelope, parseEnvelope, seal } from "../../../core/envelope.ts";
import { type Order, orderDigest } from "../../../core/order.ts";
import { authorizeSubmission } from "../../../tasks/authorize-submission/task.ts";
import { deployedSample, sampleJob, sampleOrder } from "../sample-job.ts";
import { sampleRelay } from "../sample-relay.ts";

const expiresAt = "2026-11-21T08:53:00.000Z";

function world() {
  const relay = sampleRelay();
  const dependencies = {
    catalogue: [sampleJob],
    plan: { "rotate-keys": { ...deployedSample, jobKey: "job-key" } },
    rewrap: relay.rewrap,
    credentialsKey: "credentials-key",
  };
  const sealCredentials = (order: Order, plaintext = "sealed credentials"): string => {
    const dataKey = new Uint8Array(32).fill(3);
    const context = { hop: "job-credentials", run: order.run, order: order.digest, until: expiresAt };
    const wrappedKey = relay.wrap(dataKey, { keyArn: "credentials-key", context });
    const binding = { run: order.run, digest: order.digest };
    return formatEnvelope(seal(Buffer.from(plaintext), { dataKey, wrappedKey, nonce: new Uint8Array(12), binding }));
  };
  return { relay, dependencies, sealCredentials };
}

describe("authorising a submission", () => {
  it("returns the exact SubmitJob request", async () => {
    const { dependencies, sealCredentials } = world();
    const order = sampleOrder({ reason: "Keys are due" });
    const { submission } = await authorizeSubmission({ order, credentials: sealCredentials(order), expiresAt }, dependencies);
    expect(submission).toEqual({
      JobName: "rotate-keys-run-1",
      JobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
      JobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/keyturn",
      ContainerOverrides: {
        Command: ["--days=30", "--path=team"],
        Environment: [
          {
            Name: "KEYTURN_ORDER",
            Value:
              '{"run":"run-1","job":"rotate-keys","admin":"alice","parameters":{"days":30,"path":"team"},"jobDefinition":"arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3"}',
          },
          { Name: "KEYTURN_ENVELOPE", Value: expect.stringMatching(/^kt1\.[\w-]+\.[\w-]+\.[\w-]+$/) },
        ],
      },
      Timeout: { AttemptDurationSeconds: 600 },
      RetryStrategy: { Attempts: 3, EvaluateOnExit: [{ OnExitCode: "78", Action: "EXIT" }] },
      Tags: { "keyturn:run": "run-1", "keyturn:job": "rotate-keys", "keyturn:admin": "alice" },
    });
  });

  it("re-addresses the data key from the credentials key to the job's key, and leaves the sealed content as it is", async () => {
    const { relay, dependencies, sealCredentials } = world();
    const order = sampleOrder();
    const credentials = sealCredentials(order);
    const { submission } = await authorizeSubmission({ order, credentials, expiresAt }, dependencies);
    const before = parseEnvelope(credentials);
    const after = parseEnvelope(submission.ContainerOverrides.Environment[1]?.Value ?? "");
    expect(after.ciphertext).toEqual(before.ciphertext);
    expect(after.nonce).toEqual(before.nonce);
    const context = { hop: "launch", run: "run-1", job: "rotate-keys", order: order.digest };
    expect(await relay.unwrap(after.wrappedKey, { keyArn: "job-key", context })).toEqual(new Uint8Array(32).fill(3));
  });

  const redigested = (change: Partial<Order>): Order => {
    const order = { ...sampleOrder(), ...change };
    return { ...order, digest: orderDigest(order) };
  };
  it.each<[string, Order, string]>([
    ["a command that the parameters do not give", redigested({ command: ["--days=30", "--path=everything"] }), "command differ"],
    ["an older revision", redigested({ jobDefinition: deployedSample.jobDefinition.replace(":3", ":2") }), "jobDefinition differ"],
    ["another queue", redigested({ jobQueue: "arn:aws:batch:us-east-1:111122223333:job-queue/other" }), "jobQueue differ"],
    ["another role", redigested({ jobRole: "arn:aws:iam::111122223333:role/BatchRoleOther" }), "jobRole differ"],
    ["more attempts", redigested({ attempts: 10 }), "attempts differ"],
    ["a longer timeout", redigested({ timeoutSeconds: 86_400 }), "timeoutSeconds differ"],
    ["a longer wait", redigested({ queueSeconds: 86_400 }), "queueSeconds differ"],
    ["longer credentials", redigested({ credentialSeconds: 43_200 }), "credentialSeconds differ"],
    [
      "parameters that the job does not take",
      redigested({ parameters: { days: 0, path: "team" } }),
      "the parameters are not ones that rotate-keys takes",
    ],
    ["an admin who may not launch it", redigested({ admin: "carol" }), "carol may not launch rotate-keys"],
    ["a job outside the catalogue", redigested({ job: "other-job" }), "job other-job is not in the catalogue that is deployed"],
    ["a job that every object has", redigested({ job: "constructor" }), "job constructor is not in the catalogue that is deployed"],
    [
      "a digest that is not its own",
      { ...sampleOrder(), parameters: { days: 31, path: "team" } },
      "the order was changed after it was admitted",
    ],
  ])("refuses %s, and re-addresses nothing", async (_what, order, message) => {
    const { relay, dependencies, sealCredentials } = world();
    await expect(authorizeSubmission({ order, credentials: sealCredentials(order), expiresAt }, dependencies)).rejects.toThrow(
      expect.objectContaining({ name: "OrderMismatch", message: expect.stringContaining(message) }),
    );
    expect(relay.handedOut).toEqual([]);
  });

  it("does not re-address credentials of another run or order", async () => {
    const { dependencies, sealCredentials } = world();
    for (const other of [sampleOrder({ run: "run-2" }), sampleOrder({ path: "others" })]) {
      await expect(
        authorizeSubmission({ order: sampleOrder(), credentials: sealCredentials(other), expiresAt }, dependencies),
      ).rejects.toMatchObject({
        name: "EnvelopeUnopenable",
      });
    }
  });

  it.each([undefined, 7, "", "2026-11-21T08:53:00.001Z"])("does not believe that they end at %j: KMS knows another time", async (lie) => {
    const { dependencies, sealCredentials } = world();
    const order = sampleOrder();
    await expect(authorizeSubmission({ order, credentials: sealCredentials(order), expiresAt: lie }, dependencies)).rejects.toMatchObject({
      name: "EnvelopeUnopenable",
    });
  });

  it.each([undefined, 7, "", "text"])("does not take %j for credentials", async (credentials) => {
    await expect(authorizeSubmission({ order: sampleOrder(), credentials, expiresAt }, world().dependencies)).rejects.toMatchObject({
      name: "EnvelopeUnopenable",
    });
  });

  it("carries a session token as long as they get, and refuses what ECS would refuse, with its size", async () => {
    const { dependencies, sealCredentials } = world();
    const order = sampleOrder();
    const authorize = (bytes: number) =>
      authorizeSubmission({ order, credentials: sealCredentials(order, "x".repeat(bytes)), expiresAt }, dependencies);
    // Other credentials' members and a session token of 4,096 characters.
    await authorize(4096 + 200);
    await expect(authorize(8192)).rejects.toThrow(
      expect.objectContaining({
        name: "SubmissionTooLarge",
        message: expect.stringMatching(
          /^Run run-1: nothing was submitted: the container overrides have 1\d{4} characters, and ECS takes 8192\. Start a new run/,
        ),
      }),
    );
  });
});
