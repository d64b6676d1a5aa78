// REST-JSON and REST-XML: members in the path, the query, headers and the body, as the operation's schema binds them.

import { JsonCodec2 } from "@aws-sdk/core/protocols";
import { FromStringShapeDeserializer, ToStringShapeSerializer } from "@smithy/core/protocols";
import { AwsError } from "../aws-error.ts";
import { membersOf, type OperationModel, type Shape } from "./model.ts";
import type { Labels, Protocol } from "./protocol.ts";
import { jsonErrorBody, readJson, writeJson } from "./protocol-json.ts";
import { findRoute } from "./rest-route.ts";
import { queryPairs, utf8, type WireRequest, type WireResponse } from "./wire.ts";
import { readXml, xmlDocument, xmlElement, xmlMembers } from "./xml.ts";

const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: true });
const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
const bindingSettings = (format: "json" | "xml") => ({
  httpBindings: true,
  timestampFormat: { useTrait: true, default: format === "json" ? 7 : 5 } as const,
});

export const rest = (format: "json" | "xml"): Protocol => {
  const fromText = new FromStringShapeDeserializer(bindingSettings(format));
  const toText = new ToStringShapeSerializer(bindingSettings(format));
  const textOf = (shape: Shape, value: unknown): string => {
    toText.write(shape, value);
    return toText.flush();
  };
  return {
    findOperation: (request, model, service) =>
      findRoute(request, model, { buckets: format === "xml", modelled: (name) => service.operations[name] !== undefined }),

    async readInput(request, operation, labels) {
      const bound = readBoundMembers(request, operation, labels, (shape, text) => readText(shape, text, { fromText, format }));
      const payload = membersOf(operation.input).find(([, shape]) => shape.getMergedTraits().httpPayload !== undefined);
      if (payload !== undefined) {
        const value = await readPayload(payload[1], request.body, format);
        return value === undefined ? bound : { ...bound, [payload[0]]: value };
      }
      const body =
        format === "json" ? await readJson(operation.input, request.body, codec) : (readXml(operation.input, request.body) ?? {});
      return { ...(body as object), ...bound };
    },

    writeOutput(output, operation, requestId) {
      const values = output as Readonly<Record<string, unknown>>;
      const headers: Record<string, string> = { [format === "xml" ? "x-amz-request-id" : "x-amzn-requestid"]: requestId };
      // The model gives one status per operation; S3 answers a part of an object with the one that HTTP has for parts.
      const isPart = format === "xml" && values["ContentRange"] !== undefined;
      let statusCode = isPart ? 206 : (operation.http?.statusCode ?? 200);
      let payload: Uint8Array | undefined;
      const bodyValues: Record<string, unknown> = {};
      for (const [name, shape] of membersOf(operation.output)) {
        const value = values[name];
        if (value === undefined || value === null) continue;
        const { httpHeader, httpPrefixHeaders, httpResponseCode, httpPayload } = shape.getMergedTraits();
        if (typeof httpHeader === "string") headers[httpHeader.toLowerCase()] = textOf(shape, value);
        else if (typeof httpPrefixHeaders === "string")
          for (const [key, text] of Object.entries(value as Record<string, string>))
            headers[`${httpPrefixHeaders}${key}`.toLowerCase()] = text;
        else if (httpResponseCode !== undefined) statusCode = Number(value);
        else if (httpPayload !== undefined) payload = writePayload(shape, value, format);
        else bodyValues[name] = value;
      }
      const hasPayloadMember = membersOf(operation.output).some(([, shape]) => shape.getMergedTraits().httpPayload !== undefined);
      const body = hasPayloadMember ? (payload ?? new Uint8Array()) : writeBody(operation, bodyValues, format);
      if (body.length > 0) headers["content-type"] ??= format === "json" ? "application/json" : "application/xml";
      return { statusCode, headers, body };
    },

    writeError: (error, { model, request, requestId }) => {
      const known = model?.errors.get(error.code);
      const statusCode = error.statusCode === 400 ? (known?.statusCode ?? 400) : error.statusCode;
      if (format === "json")
        return {
          statusCode,
          headers: { "content-type": "application/json", "x-amzn-errortype": known?.name ?? error.code, "x-amzn-requestid": requestId },
          body: jsonErrorBody(error, {}, known),
        };
      return s3Error(error, statusCode, request, requestId);
    },
  };
};

/** Text of a path, a query or a header as the shape has it; refused where it is no number or no date. */
function readText(shape: Shape, text: string, of: { fromText: FromStringShapeDeserializer; format: "json" | "xml" }): unknown {
  const refusal = (cause?: unknown): AwsError =>
    new AwsError(
      of.format === "xml" ? "InvalidArgument" : "SerializationException",
      `${shape.getMemberName()} is not of the form that this operation takes.`,
      { cause },
    );
  if (shape.isNumericSchema() && (text.trim() === "" || !Number.isFinite(Number(text)))) throw refusal();
  try {
    return of.fromText.read(shape, text);
  } catch (cause) {
    throw refusal(cause);
  }
}

function readBoundMembers(
  request: WireRequest,
  operation: OperationModel,
  labels: Labels,
  read: (shape: Shape, text: string) => unknown,
): Record<string, unknown> {
  const pairs = queryPairs(request.query);
  const values: Record<string, unknown> = {};
  const boundQueries = new Set(membersOf(operation.input).map(([, shape]) => shape.getMergedTraits().httpQuery));
  for (const [name, shape] of membersOf(operation.input)) {
    const { httpLabel, httpQuery, httpQueryParams, httpHeader, httpPrefixHeaders } = shape.getMergedTraits();
    if (httpLabel !== undefined) {
      const text = labels[name];
      if (text !== undefined) values[name] = read(shape, text);
    } else if (typeof httpQuery === "string") {
      const texts = pairs.filter(([key]) => key === httpQuery).map(([, text]) => text);
      if (texts.length === 0) continue;
      values[name] = shape.isListSchema() ? texts.map((text) => read(shape.getValueSchema(), text)) : read(shape, texts[0] ?? "");
    } else if (httpQueryParams !== undefined) {
      values[name] = Object.fromEntries(pairs.filter(([key]) => !boundQueries.has(key)));
    } else if (typeof httpHeader === "string") {
      const text = request.headers[httpHeader.toLowerCase()];
      if (text !== undefined) values[name] = read(shape, text);
    } else if (typeof httpPrefixHeaders === "string") {
      const prefix = httpPrefixHeaders.toLowerCase();
      const found = Object.entries(request.headers).filter(([key]) => key.startsWith(prefix));
      if (found.length > 0) values[name] = Object.fromEntries(found.map(([key, text]) => [key.slice(prefix.length), text]));
    }
  }
  return values;
}

async function readPayload(shape: Shape, body: Uint8Array, format: "json" | "xml"): Promise<unknown> {
  if (shape.isBlobSchema() || shape.isStreaming()) return body;
  if (body.length === 0) return undefined;
  if (shape.isStringSchema()) return new TextDecoder().decode(body);
  return format === "json" ? readJson(shape, body, codec) : readXml(shape, body);
}

function writePayload(shape: Shape, value: unknown, format: "json" | "xml"): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return utf8(value);
  if (typeof value !== "object" || value === null) throw new TypeError(`a payload is bytes, text or a structure, not ${typeof value}`);
  return format === "json" ? writeJson(shape, value, codec) : withDeclaration(xmlDocument(shape, value));
}

function writeBody(operation: OperationModel, values: Record<string, unknown>, format: "json" | "xml"): Uint8Array {
  if (format === "json") return operation.output.isUnitSchema() ? utf8("{}") : writeJson(operation.output, values, codec);
  // S3's one unwrapped output: the constraint is the document element's own text.
  if (operation.name === "GetBucketLocation")
    return withDeclaration(`<LocationConstraint xmlns="${s3Namespace}">${values["LocationConstraint"] ?? ""}</LocationConstraint>`);
  if (Object.keys(values).length === 0 && bodyMembers(operation.output).length === 0) return new Uint8Array();
  const { xmlName } = operation.output.getMergedTraits();
  const root = typeof xmlName === "string" ? xmlName : `${operation.name}Result`;
  return withDeclaration(`<${root} xmlns="${s3Namespace}">${xmlMembers(operation.output, values)}</${root}>`);
}

const bodyMembers = (shape: Shape) =>
  membersOf(shape).filter(([, member]) => {
    const { httpHeader, httpPrefixHeaders, httpResponseCode } = member.getMergedTraits();
    return httpHeader === undefined && httpPrefixHeaders === undefined && httpResponseCode === undefined;
  });

const withDeclaration = (xml: string): Uint8Array => utf8(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);

function s3Error(error: AwsError, statusCode: number, request: WireRequest, requestId: string): WireResponse {
  const fields = Object.entries(error.fields).map(([name, value]) => xmlElement(name, String(value)));
  const inner = [
    xmlElement("Code", error.code),
    xmlElement("Message", error.message),
    ...fields,
    xmlElement("RequestId", requestId),
    xmlElement("HostId", requestId),
  ];
  return {
    statusCode,
    headers: { "content-type": "application/xml", "x-amz-request-id": requestId, "x-amz-id-2": requestId },
    // A reply to HEAD has no body; clients then know the status alone.
    body: request.method === "HEAD" ? new Uint8Array() : withDeclaration(`<Error>${inner.join("")}</Error>`),
  };
}
