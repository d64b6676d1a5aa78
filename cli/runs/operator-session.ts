// The operator's clients: what `run`, `approve`, `status` and the like ask AWS, all of it within the managed policy KeyturnOperator.

import { BatchClient } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { KMSClient } from "@aws-sdk/client-kms";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SSMClient } from "@aws-sdk/client-ssm";
import { keyAlias, stateMachineName } from "../../core/naming.ts";
import { type AwsSession, explained, type SessionArguments, signIn } from "../aws-session.ts";
import { CommandFailed } from "../outcome.ts";

export interface Operator {
  readonly session: AwsSession;
  readonly sfn: SFNClient;
  readonly kms: KMSClient;
  readonly batch: BatchClient;
  readonly logs: CloudWatchLogsClient;
  readonly ssm: SSMClient;
  readonly stateMachineArn: string;
  readonly executionArn: (run: string) => string;
  /** Between two questions about a run: AWS counts them, the emulator does not. */
  readonly pollMs: number;
}

/** Signs in, acts, and ends the connections; failures that a person can do something about are thrown as such. */
export async function asOperator<Result>(signedInBy: SessionArguments, act: (operator: Operator) => Promise<Result>): Promise<Result> {
  const session = await signIn(signedInBy);
  const { options, caller } = session;
  const clients = {
    sfn: new SFNClient(options),
    kms: new KMSClient(options),
    batch: new BatchClient(options),
    logs: new CloudWatchLogsClient(options),
    ssm: new SSMClient(options),
  };
  const at = `arn:${caller.partition}:states:${options.region}:${caller.account}`;
  try {
    return await act({
      session,
      ...clients,
      stateMachineArn: `${at}:stateMachine:${stateMachineName}`,
      executionArn: (run) => `${at}:execution:${stateMachineName}:${run}`,
      pollMs: session.isLocal ? 50 : 1000,
    });
  } catch (error) {
    throw explainedRun(error, session);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

/** Named as Step Functions names it: `Execution Does Not Exist: 'arn:…:execution:keyturn:RUN'`. */
function missingRun(message: string): string {
  const [, run] = /:execution:[^:]+:([\w-]+)/.exec(message) ?? [];
  return run === undefined ? "such run" : `run ${run}`;
}

function explainedRun(error: unknown, { caller, options, flags }: AwsSession): unknown {
  if (!(error instanceof Error)) return error;
  const where = `account ${caller.account}, ${options.region}`;
  switch (error.name) {
    case "ExecutionDoesNotExist":
      return new CommandFailed(`There is no ${missingRun(error.message)} in ${where}. Those that are: keyturn runs${flags}`, {
        cause: error,
      });
    case "StateMachineDoesNotExist":
      return new CommandFailed(`Keyturn is not deployed in ${where}. Choose --profile and --region, or deploy it: npx cdk deploy --all`, {
        cause: error,
      });
    case "NotFoundException":
      return new CommandFailed(`${where} has no key ${keyAlias.code} to seal the code with. Deploy the keys stack: npx cdk deploy --all`, {
        cause: error,
      });
    default:
      return explained(error);
  }
}
