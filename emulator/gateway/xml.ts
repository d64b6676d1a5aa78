// XML as the query and REST-XML protocols write it, on the SDK's own shape serialisers.

import { XmlShapeDeserializer, XmlShapeSerializer } from "@aws-sdk/core/protocols";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "./model.ts";

const settings = {
  timestampFormat: { useTrait: true, default: 5 },
  httpBindings: true,
  xmlNamespace: "",
  serviceNamespace: "",
} as const satisfies ConstructorParameters<typeof XmlShapeSerializer>[0];

/** The elements of a structure, without an element around them. */
export function xmlMembers(shape: Shape, value: object): string {
  if (!shape.isStructSchema()) return "";
  const document = xmlDocument(shape, value);
  const start = document.indexOf(">");
  return document[start - 1] === "/" ? "" : document.slice(start + 1, document.lastIndexOf("</"));
}

/** The structure inside an element of its own name. */
export function xmlDocument(shape: Shape, value: object): string {
  const serializer = new XmlShapeSerializer(settings);
  serializer.write(shape, value);
  return String(serializer.flush());
}

export function readXml(shape: Shape, body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return new XmlShapeDeserializer(settings).read(shape, body);
  } catch (cause) {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", {
      cause,
    });
  }
}

const escapeXml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them, not even escaped.
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);

export const xmlElement = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;
