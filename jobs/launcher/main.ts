// The image's ENTRYPOINT, which Batch cannot override: opens the job's credentials and becomes the job's program.

// First: what follows must find no variable of the container's.
import "./own-environment.ts";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";
import * as z from "zod/mini";
import { isKeyturnError, KeyturnError } from "../../core/errors.ts";
import { refusedExitCode } from "../../core/naming.ts";
import { containerCredentials } from "./container-credentials.ts";
import { launch } from "./launch.ts";
import { containerEnvironment } from "./own-environment.ts";

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const unwrap: Parameters<typeof launch>[1]["unwrap"] = async (wrappedKey, { keyArn, region, endpoint, context }) => {
  try {
    const kms = new KMSClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      credentials: () => containerCredentials(containerEnvironment),
    });
    const reply = await kms.send(new DecryptCommand({ KeyId: keyArn, CiphertextBlob: wrappedKey, EncryptionContext: context }));
    if (reply.Plaintext === undefined) throw new Error("KMS Decrypt answered without a plaintext.");
    return reply.Plaintext;
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : "";
    if (name !== "InvalidCiphertextException" && name !== "IncorrectKeyException" && name !== "AccessDeniedException") throw cause;
    throw new KeyturnError(
      "EnvelopeUnopenable",
      `Run ${context["run"]}: KMS does not open this envelope (${name}): the command, the parameters or the run are not those that were approved. Start a new run.`,
      { cause },
    );
  }
};

try {
  const { job } = z.object({ job: z.string() }).parse(JSON.parse(readFileSync(beside("job.json"), "utf8")));
  const started = await launch(
    { command: process.argv.slice(2), environment: containerEnvironment, imageJob: job },
    { unwrap, nowMs: Date.now() },
  );
  // Missing on Windows only, and an image is Linux; where it is missing, failing is better than a program beside the launcher's credentials.
  if (process.execve === undefined) throw new Error("This Node cannot replace its process; run the job's image on Linux.");
  process.execve(process.execPath, [process.execPath, beside("main.mjs"), ...started.arguments], { ...started.environment });
} catch (error) {
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  console.error(`keyturn launcher: ${name}: ${message}`);
  process.exitCode = isKeyturnError(error) ? refusedExitCode : 1;
}
