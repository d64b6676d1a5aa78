// Finds the operation of a REST request by method, URI template, query literals and required members; S3's buckets stand in path or host.

import { AwsError } from "../aws-error.ts";
import { membersOf, type OperationModel, type ServiceModel } from "./model.ts";
import type { Labels } from "./protocol.ts";
import { queryPairs, type WireRequest } from "./wire.ts";

export interface Route {
  readonly operation: OperationModel;
  readonly labels: Labels;
}

/** The most specific operation that the request satisfies, preferring one that is `modelled` where AWS's own templates are ambiguous. */
export function findRoute(
  request: WireRequest,
  model: ServiceModel,
  options: { buckets: boolean; modelled: (name: string) => boolean },
): Route {
  const query = new Map(queryPairs(request.query));
  const place = options.buckets ? splitBucket(request) : { path: request.path };
  const segments = segmentsOf(place.path);
  let best: { route: Route; score: number } | undefined;
  for (const operation of model.operations.values()) {
    if (operation.http?.method !== request.method) continue;
    if (options.buckets && operationHasBucket(operation) !== (place.bucket !== undefined)) continue;
    const labels = matchPath(operation.http.segments, segments);
    if (labels === undefined) continue;
    if (!operation.http.literals.every(([name, value]) => query.get(name) === value)) continue;
    const required = requiredWireNames(operation);
    if (!required.every(({ kind, name }) => (kind === "query" ? query.has(name) : request.headers[name] !== undefined))) continue;
    const literalSegments = operation.http.segments.filter((segment) => !segment.startsWith("{")).length;
    const score =
      operation.http.literals.length * 100 + literalSegments * 10 + required.length * 2 + (options.modelled(operation.name) ? 1 : 0);
    const allLabels = place.bucket === undefined ? labels : { ...labels, Bucket: place.bucket };
    if (best === undefined || score > best.score) best = { route: { operation, labels: allLabels }, score };
  }
  if (best === undefined)
    throw new AwsError("UnknownOperationException", `No operation answers ${request.method} ${request.path}.`, { statusCode: 404 });
  return best.route;
}

/** Path-style (`/bucket/key`) or virtual-host-style (`bucket.s3.us-east-1.amazonaws.com`, `bucket.localhost`). */
function splitBucket(request: WireRequest): { bucket?: string; path: string } {
  const host = (request.headers["host"] ?? "").replace(/:\d+$/, "");
  const virtual = /^(.+)\.(?:s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com|(?:s3\.)?localhost)$/.exec(host)?.[1];
  if (virtual !== undefined && virtual !== "s3") return { bucket: virtual, path: request.path };
  const [, bucket = "", ...rest] = request.path.split("/");
  return bucket === "" ? { path: "/" } : { bucket: decodeURIComponent(bucket), path: `/${rest.join("/")}` };
}

const operationHasBucket = (operation: OperationModel): boolean =>
  membersOf(operation.input).some(([name, shape]) => name === "Bucket" && shape.getMergedTraits().httpLabel !== undefined);

/** A path's segments; a trailing slash counts for nothing but in a key. */
const segmentsOf = (path: string): readonly string[] => path.split("/").slice(1);

function matchPath(template: readonly string[], segments: readonly string[]): Labels | undefined {
  const labels: Record<string, string> = {};
  const wanted = template.at(-1) === "" && template.length > 1 ? template.slice(0, -1) : template;
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith("{") && part.endsWith("+}")) {
      const rest = segments.slice(index).join("/");
      if (rest === "") return undefined;
      labels[part.slice(1, -2)] = decodeURIComponent(rest);
      return labels;
    }
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (!part.startsWith("{")) {
      if (part !== segment) return undefined;
    } else if (segment === "") return undefined;
    else labels[part.slice(1, -1)] = decodeURIComponent(segment);
  }
  const unmatched = segments.slice(wanted.length);
  return unmatched.length === 0 || (unmatched.length === 1 && unmatched[0] === "") ? labels : undefined;
}

interface WireName {
  readonly kind: "query" | "header";
  readonly name: string;
}

function requiredWireNames(operation: OperationModel): readonly WireName[] {
  return membersOf(operation.input).flatMap(([name, shape]): readonly WireName[] => {
    if (!operation.required.includes(name)) return [];
    const { httpQuery, httpHeader } = shape.getMergedTraits();
    if (typeof httpQuery === "string") return [{ kind: "query", name: httpQuery }];
    if (typeof httpHeader === "string") return [{ kind: "header", name: httpHeader.toLowerCase() }];
    return [];
  });
}
