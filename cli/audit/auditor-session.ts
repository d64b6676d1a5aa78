// The auditor's clients: what `keyturn audit` asks AWS, all of it within the managed policy KeyturnAuditor.

import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { auditorPolicyName, keyAlias, recordsBucketName, stateMachineName } from "../../core/naming.ts";
import { type AwsSession, explained, type SessionArguments, signIn } from "../aws-session.ts";
import { CommandFailed, Denied } from "../outcome.ts";

export interface Auditor {
  readonly session: AwsSession;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly kms: KMSClient;
  readonly bucket: string;
  readonly stateMachineArn: string;
}

/** Signs in, in the local account as its auditor, acts, and ends the connections; failures that a person can do something about are thrown as such. */
export async function asAuditor<Result>(
  { profile, region, local }: SessionArguments,
  act: (auditor: Auditor) => Promise<Result>,
): Promise<Result> {
  const session = await signIn({ profile: profile ?? (local ? "auditor" : undefined), region, local });
  const { options, caller } = session;
  const clients = { s3: new S3Client(options), sfn: new SFNClient(options), kms: new KMSClient(options) };
  try {
    return await act({
      session,
      ...clients,
      bucket: recordsBucketName({ account: caller.account, region: options.region }),
      stateMachineArn: `arn:${caller.partition}:states:${options.region}:${caller.account}:stateMachine:${stateMachineName}`,
    });
  } catch (error) {
    throw explainedToAuditor(error, session);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

function explainedToAuditor(error: unknown, { caller, options }: AwsSession): unknown {
  const because = explained(error);
  if (because instanceof Denied && error instanceof Error) {
    return new Denied(`Denied: ${error.message}\nAuditors need the managed policy ${auditorPolicyName}; ask who owns the identity stack.`, {
      cause: error,
    });
  }
  if (!(error instanceof Error)) return because;
  const where = `account ${caller.account}, ${options.region}`;
  switch (error.name) {
    case "NoSuchBucket":
      return new CommandFailed(`${where} keeps no records. Choose --profile and --region, or deploy keyturn-record: npx cdk deploy --all`, {
        cause: error,
      });
    case "NotFoundException":
      return new CommandFailed(`${where} has no key ${keyAlias.records}. Deploy the keys stack: npx cdk deploy --all`, { cause: error });
    default:
      return because;
  }
}
