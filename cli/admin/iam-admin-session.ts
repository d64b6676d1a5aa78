// The IAM admin's clients: what `keyturn admin` asks AWS, all of it within the role KeyturnIamAdmin.

import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { groupName, roleNames } from "../../core/naming.ts";
import { type AwsSession, explained, type SessionArguments, signIn } from "../aws-session.ts";
import { CommandFailed, Denied } from "../outcome.ts";
import type { IamAdminClients } from "./credential-state.ts";

export interface IamAdminSession extends IamAdminClients {
  readonly session: AwsSession;
  /** Whether the caller has taken on the role that may write the secrets. */
  readonly isIamAdmin: boolean;
}

/** Signs in, in the local account as its IAM admin, acts, and ends the connections; failures that a person can do something about are thrown as such. */
export async function asIamAdmin<Result>(
  { profile, region, local }: SessionArguments,
  act: (admin: IamAdminSession) => Promise<Result>,
): Promise<Result> {
  const session = await signIn({ profile: profile ?? (local ? "iam-admin" : undefined), region, local });
  const clients = { iam: new IAMClient(session.options), secrets: new SecretsManagerClient(session.options) };
  try {
    return await act({ session, ...clients, isIamAdmin: session.caller.arn.includes(`:assumed-role/${roleNames.iamAdmin}/`) });
  } catch (error) {
    throw explainedToIamAdmin(error);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

function explainedToIamAdmin(error: unknown): unknown {
  const because = explained(error);
  if (because instanceof Denied && error instanceof Error) {
    return new Denied(
      `Denied: ${error.message}\nOnly the role ${roleNames.iamAdmin} may do all of this: choose a --profile that takes it on.`,
      { cause: error },
    );
  }
  if (error instanceof Error && /^NoSuchEntity/.test(error.name) && error.message.includes(groupName)) {
    return new CommandFailed(`There is no group ${groupName}: deploy the identity stack first (npx cdk deploy --all).`, { cause: error });
  }
  return because;
}
