// Signs in as whoever calls `keyturn`: to AWS by the default credential chain, or to the local account that is up.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import config from "../keyturn.config.ts";
import { findLocalAccount } from "./local/discovery.ts";
import { askForCode } from "./one-time-code.ts";
import { CommandFailed, Denied, UsageError } from "./outcome.ts";

/** Arguments of every command that talks to AWS. */
export const sessionArguments = {
  profile: {
    type: "string",
    valueHint: "name",
    description: "Profile of the AWS config file; the default credential chain if left out.",
  },
  region: { type: "string", valueHint: "region", description: "Region of the stacks; that of keyturn.config.ts if left out." },
  local: { type: "boolean", description: "The local account (keyturn local start), as its operator or as --profile says." },
} as const;

export interface SessionArguments {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly local?: boolean | undefined;
}

export interface AwsSession {
  /** For the constructor of any SDK client. */
  readonly options: { readonly region: string; readonly credentials: ReturnType<typeof fromNodeProviderChain> };
  readonly caller: { readonly arn: string; readonly account: string; readonly partition: string };
  readonly isLocal: boolean;
  /** AWS's clock: this machine's may be wrong, and a local account's may have been moved. */
  readonly nowMs: () => number;
  /** The same arguments once more, for command lines that are shown: empty or with a space before. */
  readonly flags: string;
}

export async function signIn({ profile, region = config.region, local = false }: SessionArguments): Promise<AwsSession> {
  if (local) await useLocalAccount(profile ?? "operator");
  // Not the clients' own `profile` option: with that alone the SDK does not read an endpoint that stands in the profile.
  else if (profile !== undefined) process.env["AWS_PROFILE"] = profile;
  const options = { region, credentials: fromNodeProviderChain({ mfaCodeProvider: askForOwnCode }) };
  const sts = new STSClient(options);
  try {
    const { Arn: arn = "", Account: account = "" } = await sts.send(new GetCallerIdentityCommand({}));
    if (!local && config.account !== undefined && account !== config.account) {
      throw new UsageError(
        `You are signed in to account ${account}, but keyturn.config.ts is for ${config.account}. Choose another --profile.`,
      );
    }
    const flags = [...(local ? ["--local"] : []), ...(profile === undefined ? [] : ["--profile", profile])];
    if (region !== config.region) flags.push("--region", region);
    return {
      options,
      caller: { arn, account, partition: arn.split(":")[1] ?? "aws" },
      isLocal: local,
      // The SDK learns it from the answers, where the clocks are five minutes apart or more.
      nowMs: () => Date.now() + sts.config.systemClockOffset,
      flags: flags.map((flag) => ` ${flag}`).join(""),
    };
  } catch (error) {
    throw explained(error);
  } finally {
    sts.destroy();
  }
}

/** Nothing of the surroundings may lead a call for the local account elsewhere. */
async function useLocalAccount(profile: string): Promise<void> {
  const { configFile } = await findLocalAccount();
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_ENDPOINT_URL")) delete process.env[name];
  delete process.env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];
  process.env["AWS_CONFIG_FILE"] = configFile;
  // A profile of the same name there would come before the one that is meant.
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = `${configFile}.none`;
  process.env["AWS_PROFILE"] = profile;
}

/** What the shared config's `mfa_serial` asks for: the code of the caller's own device, not that of a batch admin. */
async function askForOwnCode(mfaSerial: string): Promise<string> {
  if (process.stdin.isTTY && process.stdout.isTTY) return askForCode(`Your own code, of ${mfaSerial}:`);
  throw new UsageError(`The profile wants a code of ${mfaSerial}, and this is no terminal to ask for it. Sign in first, or run it in one.`);
}

/** AWS's names for "you may not". */
const denials: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "KMSAccessDeniedException",
  "KmsAccessDeniedException",
  "UnauthorizedOperation",
  "AuthorizationError",
  "AuthorizationErrorException",
]);

const notSignedIn: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "TokenProviderError",
  "UnrecognizedClientException",
]);

/** A failure of AWS that a person can do something about, as one that says what; any other as it came. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UsageError) return error;
  if (denials.has(error.name)) {
    return new Denied(`Denied: ${error.message}\nOperators need the managed policy KeyturnOperator; ask who owns the identity stack.`, {
      cause: error,
    });
  }
  if (notSignedIn.has(error.name)) {
    return new CommandFailed(`You are not signed in: ${error.message}\nSign in (aws sso login, aws login), or choose a --profile.`, {
      cause: error,
    });
  }
  if ("code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOTFOUND")) {
    return new CommandFailed(
      `AWS cannot be reached (${error.message || error.code}). Look at the network, the region and the endpoint_url.`,
      {
        cause: error,
      },
    );
  }
  if ("$metadata" in error) return new CommandFailed(`AWS answered ${error.name}: ${error.message}`, { cause: error });
  return error;
}
