// One HTTP exchange as plain data, so that sockets and in-process clients go through the very same code.

export interface WireRequest {
  readonly method: string;
  /** As sent: percent-encoded, without the query string. */
  readonly path: string;
  /** As sent, without `?`; empty where there is none. */
  readonly query: string;
  /** Lower-case names; repeated headers joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The network has no way from the caller to the service: a socket is torn down, an in-process client gets this error. */
export class Unreachable extends Error {
  readonly code = "ECONNRESET";
  constructor(message: string) {
    super(message);
    this.name = "Unreachable";
  }
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Decoded name and value pairs, in the order sent; a name without `=` has the empty value. */
export function queryPairs(query: string): readonly (readonly [string, string])[] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      return equals < 0 ? [decodeQuery(part), ""] : [decodeQuery(part.slice(0, equals)), decodeQuery(part.slice(equals + 1))];
    });
}

const decodeQuery = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/** RFC 3986: everything but unreserved characters is encoded, as SigV4 wants it. */
export const encodeUri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
