// Lambda functions as tasks: by the function's ARN, or by lambda:invoke.

import { InvokeCommand, type InvokeCommandInput, type InvokeCommandOutput, LambdaClient } from "@aws-sdk/client-lambda";
import type { Json } from "../../../core/canonical-json.ts";
import type { Credentials, Gateway } from "../../service.ts";
import { StateError } from "../../states/state-error.ts";
import type { TaskRequest } from "../../states/task-runner.ts";

type Arguments = Readonly<Record<string, Json>>;

/** Arguments of lambda:invoke that are passed on as they are. */
const plainArguments = ["InvocationType", "Qualifier", "ClientContext", "LogType"] as const;

/** Gives the task's result; throws StateError with the function's own error, or what the call threw. */
export async function invokeLambda(
  request: TaskRequest,
  { gateway, credentials }: { gateway: Gateway; credentials: Credentials },
): Promise<Json> {
  const client = new LambdaClient({ ...gateway.clientOptions(credentials), maxAttempts: 1 });
  try {
    const answer = await client.send(new InvokeCommand(invocation(request)));
    const text = Buffer.from(answer.Payload ?? []).toString("utf8");
    if (answer.FunctionError !== undefined) throw functionError(text);
    const payload: Json = text === "" ? {} : (JSON.parse(text) as Json);
    return request.integration.kind === "lambda-function" ? payload : result(answer, payload);
  } finally {
    client.destroy();
  }
}

function invocation({ integration, input, inputText }: TaskRequest): InvokeCommandInput {
  if (integration.kind === "lambda-function") return { FunctionName: integration.arn, Payload: Buffer.from(inputText) };
  const given = input as Arguments;
  const others = plainArguments.filter((name) => given[name] !== undefined).map((name) => [name, given[name]] as const);
  return {
    FunctionName: given["FunctionName"] as string,
    ...(given["Payload"] === undefined ? {} : { Payload: Buffer.from(JSON.stringify(given["Payload"])) }),
    ...Object.fromEntries(others),
  };
}

/** The function's `errorType` is the error that Retry and Catch match; its whole description is the cause. */
function functionError(text: string): StateError {
  const description = JSON.parse(text) as { errorType?: unknown };
  return new StateError(typeof description.errorType === "string" ? description.errorType : "Lambda.Unknown", text);
}

function result({ ExecutedVersion, StatusCode, LogResult, $metadata }: InvokeCommandOutput, payload: Json): Json {
  return {
    ...(ExecutedVersion === undefined ? {} : { ExecutedVersion }),
    ...(LogResult === undefined ? {} : { LogResult }),
    Payload: payload,
    SdkHttpMetadata: { HttpStatusCode: $metadata.httpStatusCode ?? 200 },
    SdkResponseMetadata: { RequestId: $metadata.requestId ?? "" },
    StatusCode: StatusCode ?? 200,
  };
}
