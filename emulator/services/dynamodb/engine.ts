// The database itself: dynalite, in this process and in memory, reached through no socket and loaded when the first table is used.

import { createRequire } from "node:module";
import { Readable } from "node:stream";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { AwsError } from "../../aws-error.ts";

/** The operations that go on to the engine, by the names of their commands in the SDK client. */
export type EngineOperation =
  | "BatchGetItem"
  | "BatchWriteItem"
  | "CreateTable"
  | "DeleteItem"
  | "DeleteTable"
  | "DescribeTable"
  | "GetItem"
  | "PutItem"
  | "Query"
  | "Scan"
  | "UpdateItem";

interface InProcessRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface InProcessResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** dynalite's HTTP server, of which only the request listener is used: it never listens. */
interface RequestListener {
  emit(event: "request", request: Readable, response: object): boolean;
}

type SdkModule = typeof import("@aws-sdk/client-dynamodb");

const require = createRequire(import.meta.url);

/** Not `Buffer.from` of what the SDK gives: its own body type warns whenever it is taken as text, which `Buffer.from` does. */
const bytesOf = (body: string | Uint8Array): Buffer =>
  typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.from(body.buffer, body.byteOffset, body.byteLength);

function answer(listener: RequestListener, request: InProcessRequest): Promise<InProcessResponse> {
  return new Promise((resolve) => {
    const incoming = Object.assign(Readable.from([bytesOf(request.body ?? "")]), {
      method: request.method,
      url: "/",
      headers: request.headers,
    });
    const headers: Record<string, string> = {};
    listener.emit("request", incoming, {
      statusCode: 200,
      setHeader(name: string, value: unknown) {
        headers[name.toLowerCase()] = String(value);
      },
      end(this: { statusCode: number }, body: string) {
        resolve({ statusCode: this.statusCode, headers, body: Readable.from([Buffer.from(body)]) });
      },
    });
  });
}

export class Engine {
  readonly #region: string;
  #started: Promise<{ client: DynamoDBClient; sdk: SdkModule }> | undefined;

  constructor(region: string) {
    this.#region = region;
  }

  /** Runs one operation; the engine's refusals come back as AWS's own errors. */
  async run(operation: EngineOperation, input: object): Promise<Record<string, unknown>> {
    const { client, sdk } = await this.#start();
    // Input and output have the shapes that the gateway parsed and will write: both sides are this operation's own schema.
    const Command = sdk[`${operation}Command`] as unknown as new (input: object) => Parameters<DynamoDBClient["send"]>[0];
    try {
      const { $metadata, ...output } = await client.send(new Command(input));
      return output;
    } catch (cause) {
      if (!(cause instanceof sdk.DynamoDBServiceException)) throw cause;
      throw new AwsError(cause.name, cause.message, { statusCode: cause.$metadata.httpStatusCode ?? 400, cause });
    }
  }

  #start(): Promise<{ client: DynamoDBClient; sdk: SdkModule }> {
    this.#started ??= import("@aws-sdk/client-dynamodb").then((sdk) => {
      // CommonJS without types of its own.
      const dynalite = require("dynalite") as (options: object) => RequestListener;
      const listener = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
      const client = new sdk.DynamoDBClient({
        region: this.#region,
        endpoint: "http://engine.invalid",
        // The engine wants a signature and checks none; who may call was settled before.
        credentials: { accessKeyId: "engine", secretAccessKey: "engine" },
        maxAttempts: 1,
        requestHandler: { handle: async (request: InProcessRequest) => ({ response: await answer(listener, request) }) },
      });
      return { client, sdk };
    });
    return this.#started;
  }
}
