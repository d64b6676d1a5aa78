// Log groups, their streams and events; events of a group with a key of its own lie encrypted.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import { type DataKey, openData, type SealedData, sealData } from "../../sealed-storage.ts";
import type { Environment, Gateway } from "../../service.ts";
import type { Kms } from "../kms.ts";

export interface LogEvent {
  readonly timestampMs: number;
  readonly ingestedAtMs: number;
  readonly message: string;
  readonly stream: string;
  /** Unique within the account, ascending. */
  readonly id: string;
}

interface StoredEvent extends Omit<LogEvent, "message"> {
  readonly body: string | SealedData;
}

export interface LogStream {
  readonly name: string;
  readonly createdAtMs: number;
  readonly events: StoredEvent[];
}

export interface LogGroup {
  readonly name: string;
  /** Without the `:*` that `GetAtt Arn` and most answers end with. */
  readonly arn: string;
  readonly createdAtMs: number;
  readonly streams: Map<string, LogStream>;
  retentionDays?: number | undefined;
  key?: { readonly arn: string; readonly wrapped: Uint8Array };
}

const dayMs = 86_400_000;
const notFound = (what: "group" | "stream"): AwsError =>
  new AwsError("ResourceNotFoundException", `The specified log ${what} does not exist.`);
const alreadyExists = (what: "group" | "stream"): AwsError =>
  new AwsError("ResourceAlreadyExistsException", `The specified log ${what} already exists`);

export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);

export class LogGroups {
  readonly #environment: Environment;
  readonly #kms: Kms;
  readonly #gateway: Gateway;
  readonly #groups = new Map<string, LogGroup>();
  readonly #watchers = new Map<string, Set<(event: LogEvent) => void>>();
  #lastId = 0;
  readonly resourcePolicies = new Map<string, { readonly document: PolicyDocument; readonly text: string; readonly updatedAtMs: number }>();

  constructor(environment: Environment, dependencies: { kms: Kms; gateway: Gateway }) {
    this.#environment = environment;
    this.#kms = dependencies.kms;
    this.#gateway = dependencies.gateway;
  }

  async create(name: string, options: { kmsKeyId?: string | undefined; retentionDays?: number | undefined } = {}): Promise<LogGroup> {
    if (!/^[\w/.#-]{1,512}$/.test(name)) {
      throw invalidParameter(
        `Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
      );
    }
    if (this.#groups.has(name)) throw alreadyExists("group");
    const { retentionDays } = options;
    const group: LogGroup = { name, arn: this.arnOf(name), createdAtMs: this.#environment.clock.now(), streams: new Map(), retentionDays };
    if (options.kmsKeyId !== undefined) await this.associateKey(group, options.kmsKeyId);
    this.#groups.set(name, group);
    return group;
  }

  /** Puts the group under a key, if the key's policy lets CloudWatch Logs use it for this group. Events already there stay as they are. */
  async associateKey(group: LogGroup, keyId: string): Promise<void> {
    try {
      const encryptionContext = this.#encryptionContext(group);
      await this.#authorizeKey(group, "kms:GenerateDataKey", keyId);
      await this.#authorizeKey(group, "kms:Decrypt", keyId);
      const { blob, keyArn } = this.#kms.generateDataKey({ keyId, encryptionContext });
      group.key = { arn: keyArn, wrapped: blob };
    } catch (cause) {
      if (!(cause instanceof AwsError)) throw cause;
      throw new AwsError(
        "AccessDeniedException",
        `The specified KMS key does not exist or is not allowed to be used with LogGroup '${group.arn}': ${cause.message}`,
        { cause },
      );
    }
  }

  delete(name: string): void {
    if (!this.#groups.delete(name)) throw notFound("group");
  }

  /** By name or ARN. */
  get(identifier: string): LogGroup {
    const group = this.#groups.get(this.nameOf(identifier));
    if (group === undefined) throw notFound("group");
    return group;
  }

  nameOf(identifier: string): string {
    return identifier.replace(/^arn:aws:logs:[^:]*:[^:]*:log-group:/, "").replace(/:\*$/, "");
  }

  list(): readonly LogGroup[] {
    return [...this.#groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  createStream(group: LogGroup, name: string): LogStream {
    if (!/^[^:*]{1,512}$/.test(name))
      throw invalidParameter(`Invalid log stream name '${name}': it has 1 to 512 characters, without : and *.`);
    if (group.streams.has(name)) throw alreadyExists("stream");
    const stream: LogStream = { name, createdAtMs: this.#environment.clock.now(), events: [] };
    group.streams.set(name, stream);
    return stream;
  }

  stream(group: LogGroup, name: string): LogStream {
    const stream = group.streams.get(name);
    if (stream === undefined) throw notFound("stream");
    return stream;
  }

  async write(group: LogGroup, stream: LogStream, events: readonly { timestampMs: number; message: string }[]): Promise<void> {
    const dataKey = await this.#dataKey(group);
    const ingestedAtMs = this.#environment.clock.now();
    for (const { timestampMs, message } of events) {
      this.#lastId += 1;
      // 56 digits, as AWS's event ids have.
      const id = String(this.#lastId).padStart(56, "0");
      const head = { timestampMs, ingestedAtMs, stream: stream.name, id };
      stream.events.push({ ...head, body: dataKey === undefined ? message : this.#seal(group, dataKey, message) });
      for (const watch of this.#watchers.get(group.name) ?? []) watch({ ...head, message });
    }
  }

  /** The readable events of some streams, by time and then by arrival. */
  async read(group: LogGroup, streams: readonly LogStream[]): Promise<readonly LogEvent[]> {
    const oldestMs =
      group.retentionDays === undefined ? Number.NEGATIVE_INFINITY : this.#environment.clock.now() - group.retentionDays * dayMs;
    const stored = streams.flatMap((stream) => stream.events.filter((event) => event.timestampMs >= oldestMs));
    const opened = new Map<string, Uint8Array>();
    const events: LogEvent[] = [];
    for (const { body, ...event } of stored) {
      if (typeof body === "string") {
        events.push({ ...event, message: body });
        continue;
      }
      // An event stays under the key that the group had when it came.
      const wrapped = Buffer.from(body.wrappedKey).toString("base64");
      const key = opened.get(wrapped) ?? (await this.#openKey(group, { arn: body.keyArn, wrapped: body.wrappedKey }));
      opened.set(wrapped, key);
      events.push({ ...event, message: Buffer.from(openData(body, key)).toString("utf8") });
    }
    return events.sort((a, b) => a.timestampMs - b.timestampMs || (a.id < b.id ? -1 : 1));
  }

  /** Calls back for each event written to the group from now on; the result ends it. The group need not exist yet. */
  watch(name: string, callback: (event: LogEvent) => void): () => void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(callback));
    return () => watchers.delete(callback);
  }

  arnOf(name: string): string {
    return `arn:aws:logs:${this.#environment.region}:${this.#environment.account}:log-group:${name}`;
  }

  #seal(group: LogGroup, dataKey: DataKey, message: string): SealedData {
    const randomBytes = (size: number): Uint8Array => this.#environment.randomBytes(size);
    return sealData(Buffer.from(message, "utf8"), { dataKey, encryptionContext: this.#encryptionContext(group), randomBytes });
  }

  async #dataKey(group: LogGroup): Promise<DataKey | undefined> {
    if (group.key === undefined) return undefined;
    return { plaintext: await this.#openKey(group, group.key), wrapped: group.key.wrapped, keyArn: group.key.arn };
  }

  async #openKey(group: LogGroup, key: { arn: string; wrapped: Uint8Array }): Promise<Uint8Array> {
    await this.#authorizeKey(group, "kms:Decrypt", key.arn);
    return this.#kms.decrypt({ blob: key.wrapped, encryptionContext: this.#encryptionContext(group) });
  }

  #authorizeKey(group: LogGroup, action: string, keyId: string): Promise<void> {
    const permission = this.#kms.permission({ action, keyId, encryptionContext: this.#encryptionContext(group) });
    return this.#gateway.authorizeService({ service: `logs.${this.#environment.region}.amazonaws.com`, sourceArn: group.arn, permission });
  }

  #encryptionContext(group: LogGroup): Readonly<Record<string, string>> {
    return { "aws:logs:arn": group.arn };
  }
}
