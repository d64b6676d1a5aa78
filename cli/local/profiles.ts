// The AWS config file that lets the AWS CLI, boto3 and every SDK sign in to the emulator as they would to AWS.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../../emulator/service.ts";

export type Profile =
  | { readonly credentials: Credentials }
  /** Signs in with another profile's credentials and assumes a role. */
  | { readonly roleArn: string; readonly sourceProfile: string };

export interface ConfigFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Writes the file (mode 0600, in a folder of mode 0700) under the temporary folder; whoever starts the emulator removes it at the end. */
export async function writeConfigFile(
  profiles: Readonly<Record<string, Profile>>,
  { region, endpoint }: { region: string; endpoint: string },
): Promise<ConfigFile> {
  const folder = await mkdtemp(join(tmpdir(), "keyturn-"));
  const path = join(folder, "aws-config");
  const text = Object.entries(profiles)
    .map(([name, profile]) => section(name, { region, endpoint_url: endpoint, ...settings(profile) }))
    .join("\n");
  await writeFile(path, text, { mode: 0o600 });
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

function settings(profile: Profile): Record<string, string> {
  if ("roleArn" in profile) return { role_arn: profile.roleArn, source_profile: profile.sourceProfile };
  const { accessKeyId, secretAccessKey, sessionToken } = profile.credentials;
  return {
    aws_access_key_id: accessKeyId,
    aws_secret_access_key: secretAccessKey,
    ...(sessionToken === undefined ? {} : { aws_session_token: sessionToken }),
  };
}

const section = (name: string, entries: Readonly<Record<string, string>>): string =>
  `[profile ${name}]\n${Object.entries(entries)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("")}`;
