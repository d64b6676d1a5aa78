// One-time codes as people give them: asked for in a terminal or taken from `--code`, and sealed before they leave this machine.

import { EncryptCommand, type KMSClient } from "@aws-sdk/client-kms";
import { encryptionContext } from "../core/envelope.ts";
import { keyAlias } from "../core/naming.ts";
import { CommandFailed, UsageError } from "./outcome.ts";

const sixDigits = /^[0-9]{6}$/;

/** The code of `--code`; throws UsageError, without quoting it. */
export function parseCode(text: string): string {
  const code = text.replaceAll(" ", "");
  if (sixDigits.test(code)) return code;
  throw new UsageError("--code takes the six digits that the authenticator shows now.");
}

/** Asks in the terminal. Ctrl-C throws inquirer's `ExitPromptError`, an aborted `signal` its `AbortPromptError`. */
export async function askForCode(
  message: string,
  { check = () => true, signal }: { check?: (code: string) => true | string; signal?: AbortSignal } = {},
): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  const plain = (text: string): string => text.replaceAll(" ", "");
  const validate = (text: string) => (sixDigits.test(plain(text)) ? check(plain(text)) : "A code has six digits.");
  return plain(await input({ message, validate }, signal === undefined ? {} : { signal }));
}

/** What stands for a code in a run's input or in an answer. */
export interface SealedCode {
  readonly sealed: string;
}

/** Only `ValidateMfa` can open it, and only for this run and admin. */
export async function sealCode(code: string, { kms, run, admin }: { kms: KMSClient; run: string; admin: string }): Promise<SealedCode> {
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({
      KeyId: keyAlias.code,
      Plaintext: Buffer.from(code, "utf8"),
      EncryptionContext: { ...encryptionContext.code({ run, admin }) },
    }),
  );
  if (CiphertextBlob === undefined) throw new CommandFailed("KMS sealed the code and answered without it. Try again.");
  return { sealed: Buffer.from(CiphertextBlob).toString("base64") };
}
