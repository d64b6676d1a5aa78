import { describe, expect, it } from "vitest";
import { type EncryptionContext, formatEnvelope, seal } from "../../../core/envelope.ts";
import { KeyturnError } from "../../../core/errors.ts";
import { type OrderSubject, orderDigest } from "../../../core/order.ts";
import { encodeCredentials } from "../../../core/short-lived-credentials.ts";
import { type LaunchDependencies, type LaunchInput, launch } from "../../../jobs/launcher/launch.ts";

const nowMs = Date.parse("2026-11-21T08:00:00.000Z");
const credentials = {
  accessKeyId: "ASIAJOB",
  secretAccessKey: "job secret",
  sessionToken: "job token",
  expiration: "2026-11-21T08:53:00.000Z",
};
const order: OrderSubject = {
  run: "run-1",
  job: "rotate-keys",
  admin: "alice",
  parameters: { days: 30, path: "team" },
  command: ["--days=30", "--path=team"],
  jobDefinition: "arn:aws:batch:us-east-1:111122223333:job-definition/keyturn-rotate-keys:3",
};

const jobKey = "arn:aws:kms:us-east-1:111122223333:key/0b5e";

/** KMS opens under the job's key and the context of the order as it was sealed for. */
function container(
  change: { content?: object; environment?: Record<string, string | undefined>; command?: string[]; imageJob?: string } = {},
) {
  const digest = orderDigest(order);
  const { command, ...withoutCommand } = order;
  const dataKey = new Uint8Array(32).fill(3);
  const envelope = seal(encodeCredentials({ ...credentials, ...change.content }), {
    dataKey,
    wrappedKey: Uint8Array.of(1, 2, 3),
    nonce: new Uint8Array(12),
    binding: { run: "run-1", digest },
  });
  const asked: { wrappedKey: Uint8Array; keyArn: string; region: string; endpoint?: string; context: EncryptionContext }[] = [];
  const handedOut: Uint8Array[] = [];
  const unwrap: LaunchDependencies["unwrap"] = async (wrappedKey, of) => {
    asked.push({ wrappedKey, ...of });
    if (of.keyArn !== jobKey || of.context["order"] !== digest || of.context["run"] !== "run-1") {
      throw new KeyturnError("EnvelopeUnopenable", "KMS refuses");
    }
    handedOut.push(Uint8Array.from(dataKey));
    return handedOut[0] ?? dataKey;
  };
  const input: LaunchInput = {
    command: change.command ?? command,
    imageJob: change.imageJob ?? "rotate-keys",
    environment: {
      KEYTURN_ORDER: JSON.stringify(withoutCommand),
      KEYTURN_ENVELOPE: formatEnvelope(envelope),
      KEYTURN_JOB_KEY: jobKey,
      KEYTURN_BUCKET: "elsewhere",
      AWS_REGION: "eu-west-1",
      PATH: "/proc/self/cwd",
      HOME: "/proc/self",
      TZ: ":/proc/self/environ",
      LANG: "xx_XX",
      AWS_CONFIG_FILE: "/proc/self/environ",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/launcher",
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/launcher",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "launcher's",
      AWS_PROFILE: "other",
      NODE_OPTIONS: "--import=data:text/javascript,",
      ...change.environment,
    },
  };
  return { input, dependencies: { unwrap, nowMs }, asked, handedOut };
}

const failure = (name: string, message: string) => expect.objectContaining({ name, message: expect.stringContaining(message) });

describe("a launch", () => {
  it("gives the program its arguments and an environment built from scratch", async () => {
    const { input, dependencies } = container();
    expect(await launch(input, dependencies)).toEqual({
      run: "run-1",
      arguments: ["--days=30", "--path=team"],
      environment: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/nonexistent",
        LANG: "C.UTF-8",
        TZ: "UTC",
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_REGION: "us-east-1",
        KEYTURN_BUCKET: "keyturn-rotate-keys-111122223333-us-east-1",
        KEYTURN_RUN: "run-1",
        KEYTURN_JOB: "rotate-keys",
        KEYTURN_ADMIN: "alice",
        KEYTURN_PARAMETERS: '{"days":30,"path":"team"}',
        AWS_ACCESS_KEY_ID: "ASIAJOB",
        AWS_SECRET_ACCESS_KEY: "job secret",
        AWS_SESSION_TOKEN: "job token",
      },
    });
  });

  it("takes region and bucket from the key that KMS opens with", async () => {
    const { input, dependencies, asked } = container();
    await launch(input, dependencies);
    expect(asked).toMatchObject([{ keyArn: jobKey, region: "us-east-1" }]);
    expect(asked[0]).not.toHaveProperty("endpoint");
  });

  it("calls the emulator where there is one, and so does the program", async () => {
    const set = { AWS_ENDPOINT_URL: "http://127.0.0.1:4566" };
    const { input, dependencies, asked } = container({ environment: set });
    expect((await launch(input, dependencies)).environment).toMatchObject(set);
    expect(asked).toMatchObject([{ endpoint: "http://127.0.0.1:4566" }]);
  });

  it.each([
    ["AWS_ENDPOINT_URL", "https://kms.example.com"],
    ["AWS_ENDPOINT_URL", "http://203.0.113.7:4566"],
    ["AWS_ENDPOINT_URL", "http://127.0.0.1.example.com"],
    ["AWS_ENDPOINT_URL", "http://127.0.0.1@example.com"],
    ["AWS_ENDPOINT_URL", "https://127.0.0.1"],
    ["AWS_ENDPOINT_URL", "no address"],
    ["AWS_ENDPOINT_URL_KMS", "https://kms.example.com"],
    ["AWS_ENDPOINT_URL_S3", "http://127.0.0.1:4566"],
  ])("asks nobody when %s is %s", async (name, value) => {
    const { input, dependencies, asked } = container({ environment: { [name]: value } });
    await expect(launch(input, dependencies)).rejects.toThrow(
      failure("OrderMismatch", `${name} would send this job's signed calls out of the container`),
    );
    expect(asked).toEqual([]);
  });

  it("asks KMS for the job's key under run, job and the digest of what it was really given, and wipes the data key", async () => {
    const { input, dependencies, asked, handedOut } = container();
    await launch(input, dependencies);
    const context = { hop: "launch", run: "run-1", job: "rotate-keys", order: orderDigest(order) };
    expect(asked).toMatchObject([{ wrappedKey: Buffer.of(1, 2, 3), keyArn: jobKey, context }]);
    expect(handedOut[0]?.every((byte) => byte === 0)).toBe(true);
  });

  const { command: _command, ...withoutCommand } = order;
  const spelled = (change: object) => ({ KEYTURN_ORDER: JSON.stringify({ ...withoutCommand, ...change }) });
  it.each<[string, Parameters<typeof container>[0], string, string]>([
    ["another command", { command: ["--days=30", "--path=everything"] }, "EnvelopeUnopenable", "KMS refuses"],
    ["no command", { command: [] }, "EnvelopeUnopenable", "KMS refuses"],
    [
      "a command smuggled into the order",
      { environment: spelled({ command: order.command }), command: ["--x"] },
      "EnvelopeUnopenable",
      "KMS refuses",
    ],
    ["other parameters", { environment: spelled({ parameters: { days: 31, path: "team" } }) }, "EnvelopeUnopenable", "KMS refuses"],
    ["another run", { environment: spelled({ run: "run-2" }) }, "EnvelopeUnopenable", "KMS refuses"],
    ["another admin", { environment: spelled({ admin: "bob" }) }, "EnvelopeUnopenable", "KMS refuses"],
    ["another revision", { environment: spelled({ jobDefinition: "arn:x:4" }) }, "EnvelopeUnopenable", "KMS refuses"],
    [
      "another job's key",
      { environment: { KEYTURN_JOB_KEY: "arn:aws:kms:eu-west-1:444455556666:key/77" } },
      "EnvelopeUnopenable",
      "KMS refuses",
    ],
    [
      "a key that is no ARN",
      { environment: { KEYTURN_JOB_KEY: "alias/keyturn/jobs/x" } },
      "OrderMismatch",
      "KEYTURN_JOB_KEY is no key's ARN",
    ],
    [
      "a key in no region",
      { environment: { KEYTURN_JOB_KEY: "arn:aws:kms:example.com/:111122223333:key/77" } },
      "OrderMismatch",
      "KEYTURN_JOB_KEY is no key's ARN",
    ],
    ["no key", { environment: { KEYTURN_JOB_KEY: undefined } }, "OrderMismatch", "KEYTURN_JOB_KEY is not set"],
    [
      "another job's image",
      { imageJob: "credential-report" },
      "OrderMismatch",
      "Run run-1: the order is for job rotate-keys, but this image runs credential-report. Start a new run.",
    ],
    [
      "no order",
      { environment: { KEYTURN_ORDER: undefined } },
      "OrderMismatch",
      "KEYTURN_ORDER is not set: this container was not submitted by Keyturn.",
    ],
    ["an order that is no JSON", { environment: { KEYTURN_ORDER: "run-1" } }, "OrderMismatch", "KEYTURN_ORDER is no JSON object"],
    ["an order that is a number", { environment: { KEYTURN_ORDER: "7" } }, "OrderMismatch", "KEYTURN_ORDER is no JSON object"],
    ["an order with more members", { environment: spelled({ extra: 1 }) }, "OrderMismatch", "unknown extra"],
    ["no envelope", { environment: { KEYTURN_ENVELOPE: "" } }, "OrderMismatch", "KEYTURN_ENVELOPE is not set"],
    ["no envelope's form", { environment: { KEYTURN_ENVELOPE: "text" } }, "EnvelopeUnopenable", "Not a sealed envelope"],
    [
      "credentials that have ended",
      { content: { expiration: "2026-11-21T08:00:00.000Z" } },
      "EnvelopeUnopenable",
      "Run run-1: the job's credentials ended at 2026-11-21T08:00:00.000Z, before the job began.",
    ],
  ])("is refused with %s", async (_what, change, name, message) => {
    const { input, dependencies } = container(change);
    await expect(launch(input, dependencies)).rejects.toThrow(failure(name, message));
  });
});
