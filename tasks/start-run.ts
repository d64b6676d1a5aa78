// How a run is started without a person, by a schedule or an event: under a name that says what asked for it.

import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";

/** `exists`: a run of that name has ended, or was started with another input. One that goes on with the same input counts as started. */
export async function startRun(run: string, of: { input: object; stateMachineArn: string; sfn: SFNClient }): Promise<"started" | "exists"> {
  const { input, stateMachineArn, sfn } = of;
  try {
    await sfn.send(new StartExecutionCommand({ stateMachineArn, name: run, input: JSON.stringify(input) }));
    return "started";
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return "exists";
    throw error;
  }
}
