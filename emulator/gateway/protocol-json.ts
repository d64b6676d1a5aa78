// AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, everything else in a JSON body.

import { JsonCodec2 } from "@aws-sdk/core/protocols";
import { AwsError } from "../aws-error.ts";
import { checkJson } from "./input-shape.ts";
import type { ErrorModel, Shape } from "./model.ts";
import { membersOf } from "./model.ts";
import type { Protocol } from "./protocol.ts";
import { utf8 } from "./wire.ts";

const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: false });

export const awsJson = (version: "1.0" | "1.1"): Protocol => {
  const contentType = `application/x-amz-json-${version}`;
  return {
    findOperation(request, model, service) {
      const name = request.headers["x-amz-target"]?.split(".").at(-1) ?? "";
      const operation = model.operations.get(name);
      if (!operation) throw new AwsError("UnknownOperationException", `${service.signingName} has no operation "${name}".`);
      return { operation, labels: {} };
    },
    readInput: (request, operation) => readJson(operation.input, request.body, codec),
    writeOutput: (output, operation, requestId) => ({
      statusCode: 200,
      headers: { "content-type": contentType, "x-amzn-requestid": requestId },
      body: operation.output.isUnitSchema() ? utf8("{}") : writeJson(operation.output, output, codec),
    }),
    writeError(error, { model, request, requestId }) {
      const known = model?.errors.get(error.code);
      const name = known?.name ?? error.code;
      return {
        // The JSON protocols answer 400 where others say 403 or 404.
        statusCode: error.statusCode >= 500 ? error.statusCode : 400,
        headers: {
          "content-type": contentType,
          "x-amzn-requestid": requestId,
          ...(request.headers["x-amzn-query-mode"] === "true" && {
            "x-amzn-query-error": `${known?.queryCode ?? error.code};${error.statusCode >= 500 ? "Receiver" : "Sender"}`,
          }),
        },
        body: jsonErrorBody(error, { __type: name }, known),
      };
    },
  };
};

export async function readJson(shape: Shape, body: Uint8Array, withCodec: JsonCodec2): Promise<object> {
  if (shape.isUnitSchema() || body.length === 0) return {};
  const text = new TextDecoder().decode(body);
  try {
    checkJson(shape, JSON.parse(text));
    return (await withCodec.createDeserializer().read(shape, text)) as object;
  } catch (cause) {
    if (cause instanceof AwsError) throw cause;
    throw new AwsError("SerializationException", "The request body is not JSON of the form that this operation takes.", { cause });
  }
}

export function writeJson(shape: Shape, value: object, withCodec: JsonCodec2): Uint8Array {
  const serializer = withCodec.createSerializer();
  serializer.write(shape, value);
  const written: Uint8Array | string = serializer.flush();
  // Copied: the SDK's serialiser may hand out a view into a larger buffer.
  return typeof written === "string" ? utf8(written) : Uint8Array.from(written as Iterable<number>);
}

/** `message` under the name that the error's shape gives it, and the shape's further members. */
export function jsonErrorBody(error: AwsError, head: Readonly<Record<string, string>>, known: ErrorModel | undefined): Uint8Array {
  const messageName = membersOf(known?.shape ?? noShape).find(([name]) => name.toLowerCase() === "message")?.[0] ?? "message";
  const members = known === undefined ? error.fields : JSON.parse(new TextDecoder().decode(writeJson(known.shape, error.fields, codec)));
  return utf8(JSON.stringify({ ...head, ...members, [messageName]: error.message }));
}

const noShape = { isStructSchema: () => false } as Shape;
