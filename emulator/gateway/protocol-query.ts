// AWS Query: a form with `Action`, nested names joined by dots, and XML back.

import { FromStringShapeDeserializer } from "@smithy/core/protocols";
import { AwsError } from "../aws-error.ts";
import { membersOf, type Shape } from "./model.ts";
import type { Protocol } from "./protocol.ts";
import { queryPairs, utf8, type WireRequest } from "./wire.ts";
import { xmlElement, xmlMembers } from "./xml.ts";

/** Namespaces of the services that speak it; clients ignore them, people who read the wire do not. */
const namespaces: Readonly<Record<string, string>> = {
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
  sns: "http://sns.amazonaws.com/doc/2010-03-31/",
  cloudformation: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
};

interface FormNode {
  text?: string;
  readonly children: Map<string, FormNode>;
}

const scalars = new FromStringShapeDeserializer({ httpBindings: false, timestampFormat: { useTrait: true, default: 5 } });

export const awsQuery = (endpointName: string): Protocol => {
  const namespace = namespaces[endpointName] === undefined ? "" : ` xmlns="${namespaces[endpointName]}"`;
  return {
    findOperation(request, model) {
      const name = formOf(request).children.get("Action")?.text ?? "";
      const operation = model.operations.get(name);
      if (!operation) throw new AwsError("InvalidAction", `Could not find operation ${name} for the service ${endpointName}.`);
      return { operation, labels: {} };
    },
    async readInput(request, operation) {
      if (!operation.input.isStructSchema()) return {};
      return readStructure(operation.input, formOf(request), "");
    },
    writeOutput(output, { name, output: shape }, requestId) {
      const result = shape.isStructSchema() ? `<${name}Result>${xmlMembers(shape, output)}</${name}Result>` : "";
      const body = `<${name}Response${namespace}>${result}<ResponseMetadata>${xmlElement("RequestId", requestId)}</ResponseMetadata></${name}Response>`;
      return { statusCode: 200, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body: utf8(body) };
    },
    writeError(error, { model, requestId }) {
      const known = model?.errors.get(error.code);
      const statusCode = known?.statusCode ?? error.statusCode;
      const inner = [
        xmlElement("Type", statusCode >= 500 ? "Receiver" : "Sender"),
        xmlElement("Code", known?.queryCode ?? error.code),
        xmlElement("Message", error.message),
        known === undefined ? "" : xmlMembers(known.shape, error.fields),
      ].join("");
      return {
        statusCode,
        headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
        body: utf8(`<ErrorResponse${namespace}><Error>${inner}</Error>${xmlElement("RequestId", requestId)}</ErrorResponse>`),
      };
    },
  };
};

function formOf(request: WireRequest): FormNode {
  const root: FormNode = { children: new Map() };
  const body = request.method === "POST" ? new TextDecoder().decode(request.body) : "";
  for (const [name, text] of [...queryPairs(request.query), ...queryPairs(body)]) {
    let node = root;
    for (const part of name.split(".")) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.text = text;
  }
  return root;
}

function readStructure(shape: Shape, node: FormNode, path: string): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, member] of membersOf(shape)) {
    const wireName = wireNameOf(member, name);
    const child = node.children.get(wireName);
    if (child !== undefined) value[name] = readNode(member, child, `${path}${wireName}`);
  }
  return value;
}

function readNode(shape: Shape, node: FormNode, path: string): unknown {
  if (shape.isStructSchema()) return readStructure(shape, node, `${path}.`);
  const flat = shape.getMergedTraits().xmlFlattened !== undefined;
  if (shape.isListSchema()) {
    const item = shape.getValueSchema();
    // Real clients always write `member` where the model gives no other name; a flattened list has no such level.
    const items = flat ? node : node.children.get(wireNameOf(item, "member"));
    return numbered(items, path).map(([index, child]) => readNode(item, child, `${path}.${index}`));
  }
  if (shape.isMapSchema()) {
    const [key, item] = [shape.getKeySchema(), shape.getValueSchema()];
    const entries = flat ? node : node.children.get("entry");
    return Object.fromEntries(
      numbered(entries, path).map(([index, entry]) => {
        const keyText = entry.children.get(wireNameOf(key, "key"))?.text;
        const valueNode = entry.children.get(wireNameOf(item, "value"));
        if (keyText === undefined || valueNode === undefined) throw malformed(`${path}.entry.${index}`);
        return [keyText, readNode(item, valueNode, `${path}.entry.${index}`)];
      }),
    );
  }
  if (node.text === undefined) throw malformed(path);
  if (shape.isNumericSchema() && (node.text === "" || Number.isNaN(Number(node.text)))) throw malformed(path);
  return scalars.read(shape, node.text);
}

function numbered(node: FormNode | undefined, path: string): readonly (readonly [number, FormNode])[] {
  if (node === undefined) return [];
  return [...node.children]
    .map(([name, child]) => {
      if (!/^\d+$/.test(name)) throw malformed(path);
      return [Number(name), child] as const;
    })
    .sort(([a], [b]) => a - b);
}

const wireNameOf = (shape: Shape, otherwise: string): string => {
  const { xmlName } = shape.getMergedTraits();
  return typeof xmlName === "string" ? xmlName : otherwise;
};

const malformed = (path: string): AwsError =>
  new AwsError("MalformedInput", `The parameter ${path} is not of the form that this operation takes.`);
