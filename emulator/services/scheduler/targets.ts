// What a schedule may invoke: a state machine, a function, and `startExecution` as a universal target.

import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { SFNClient, StartExecutionCommand, type StartExecutionCommandInput } from "@aws-sdk/client-sfn";
import { validation } from "./schedules.ts";

const universalStartExecution = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";
const stateMachine = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+$/;
const lambdaFunction = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::(?:\$LATEST|[\w-]+))?$/;

/** Throws for a target that is not modelled, naming it, and for an input that it could never take. */
export function assertTarget(arn: string, input: string): void {
  if (arn === universalStartExecution) {
    universalInput(input);
    return;
  }
  if (lambdaFunction.test(arn)) {
    assertJson(input);
    return;
  }
  if (!stateMachine.test(arn)) {
    throw validation(`The target ${arn} is not modelled by this emulator; use a function, a state machine or ${universalStartExecution}.`);
  }
}

/**
 * Calls the target once.
 * @param of.options - of an SDK client that acts under the schedule's role
 * @param of.input - the schedule's own, context attributes filled in; `""` where it has none
 * @param of.notice - what a function gets where the schedule has no input
 */
export async function invokeTarget(arn: string, of: { options: object; input: string; notice: object }): Promise<void> {
  const options = { ...of.options, maxAttempts: 1 };
  if (lambdaFunction.test(arn)) {
    const Payload = Buffer.from(of.input === "" ? JSON.stringify(of.notice) : of.input);
    await new LambdaClient(options).send(new InvokeCommand({ FunctionName: arn, InvocationType: "Event", Payload }));
    return;
  }
  const request =
    arn === universalStartExecution ? universalInput(of.input) : { stateMachineArn: arn, input: of.input === "" ? "{}" : of.input };
  await new SFNClient(options).send(new StartExecutionCommand(request));
}

function assertJson(input: string): void {
  try {
    if (input !== "") JSON.parse(input);
  } catch (cause) {
    throw Object.assign(validation(`Invalid Input provided. Reason: not JSON: ${(cause as Error).message}`), { cause });
  }
}

/** A universal target's input is the request in PascalCase; what the operation does not know is refused. */
function universalInput(text: string): StartExecutionCommandInput {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    input = undefined;
  }
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw validation("Invalid RequestJson provided. Reason: not a JSON object");
  const { StateMachineArn, Name, Input, TraceHeader, ...rest } = input as Record<string, unknown>;
  const unknown = Object.keys(rest);
  if (unknown.length > 0)
    throw validation(`Invalid RequestJson provided. Reason: Unexpected field(s) for StartExecution: ${unknown.join(", ")}`);
  const texts = { StateMachineArn, Name, Input, TraceHeader };
  const wrong = Object.entries(texts).find(([, value]) => value !== undefined && typeof value !== "string");
  if (wrong !== undefined || typeof StateMachineArn !== "string") {
    throw validation(`Invalid RequestJson provided. Reason: ${wrong?.[0] ?? "StateMachineArn"} must be a string`);
  }
  return {
    stateMachineArn: StateMachineArn,
    ...(typeof Name === "string" ? { name: Name } : {}),
    ...(typeof Input === "string" ? { input: Input } : {}),
    ...(typeof TraceHeader === "string" ? { traceHeader: TraceHeader } : {}),
  };
}
