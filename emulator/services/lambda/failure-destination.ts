// Where an event goes that a function gave up: a queue, into which Lambda sends under the function's own role.
// Source: "Capturing records of Lambda asynchronous invocations", AWS Lambda Developer Guide.

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AwsError, notImplemented } from "../../aws-error.ts";
import type { Gateway, RoleSession } from "../../service.ts";
import type { InvocationEvent, InvocationResult } from "./invoker.ts";

export interface GivenUpEvent {
  readonly event: InvocationEvent;
  readonly condition: "RetriesExhausted" | "EventAgeExceeded";
  readonly tries: number;
  readonly executedVersion: string;
  readonly atMs: number;
  /** Of the last try that ran the function; absent where none did. */
  readonly result?: InvocationResult;
}

/** Throws as Lambda does when the destination is configured: for a role that may not send to it, and for one that is not modelled. */
export async function assertDestination(arn: string, of: { gateway: Gateway; session: RoleSession }): Promise<void> {
  if (!/^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+$/.test(arn)) throw notImplemented(`The on-failure destination ${arn}`);
  try {
    await of.gateway.authorize({ credentials: of.session, permission: { action: "sqs:SendMessage", resource: arn } });
  } catch (cause) {
    throw new AwsError(
      "InvalidParameterValueException",
      "The function execution role does not have permissions to call SendMessage on SQS",
      { fields: { Type: "User" }, cause },
    );
  }
}

/** Throws what SQS answers. */
export async function sendToDestination(arn: string, of: { givenUp: GivenUpEvent; gateway: Gateway; session: RoleSession }): Promise<void> {
  const [, , , region, account, queue] = arn.split(":");
  const sqs = new SQSClient({ ...of.gateway.clientOptions(of.session), useQueueUrlAsEndpoint: false });
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${account}/${queue}`;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(recordOf(of.givenUp)) }));
}

function recordOf({ event, condition, tries, executedVersion, atMs, result }: GivenUpEvent): object {
  return {
    version: "1.0",
    timestamp: new Date(atMs).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: /:function:[^:]+$/.test(event.invokedArn) ? `${event.invokedArn}:$LATEST` : event.invokedArn,
      condition,
      approximateInvokeCount: tries,
    },
    requestPayload: json(event.payload),
    ...(result === undefined
      ? {}
      : { responseContext: { statusCode: 200, executedVersion, functionError: "Unhandled" }, responsePayload: json(result.payload) }),
  };
}

const json = (payload: Uint8Array): unknown => JSON.parse(Buffer.from(payload).toString("utf8") || "null");
