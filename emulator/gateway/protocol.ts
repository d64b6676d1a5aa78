// What the gateway needs of a wire protocol: find the operation, read its input, write its output or its error.

import type { AwsError } from "../aws-error.ts";
import type { Service } from "../service.ts";
import type { OperationModel, ServiceModel } from "./model.ts";
import { awsJson } from "./protocol-json.ts";
import { awsQuery } from "./protocol-query.ts";
import { rest } from "./protocol-rest.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

export interface Protocol {
  /** Throws AwsError where the request names no operation of this service. */
  findOperation(request: WireRequest, model: ServiceModel, service: Service): { operation: OperationModel; labels: Labels };
  /** Throws AwsError where the request is not well-formed. */
  readInput(request: WireRequest, operation: OperationModel, labels: Labels): Promise<object>;
  writeOutput(output: object, operation: OperationModel, requestId: string): WireResponse;
  writeError(error: AwsError, of: { model: ServiceModel | undefined; request: WireRequest; requestId: string }): WireResponse;
}

/** Values that stand in the path (or the host), decoded. */
export type Labels = Readonly<Record<string, string>>;

export type ProtocolName = Service["protocol"];

export function protocolOf(name: ProtocolName, endpointName: string): Protocol {
  switch (name) {
    case "awsJson1_0":
      return awsJson("1.0");
    case "awsJson1_1":
      return awsJson("1.1");
    case "awsQuery":
      return awsQuery(endpointName);
    case "restJson1":
      return rest("json");
    case "restXml":
      return rest("xml");
    default:
      return name satisfies never;
  }
}
