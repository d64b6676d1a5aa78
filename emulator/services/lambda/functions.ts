// The functions of the account: what each was created with, its versions, aliases and resource policy.

import type { PolicyDocument, Statement } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import { type FunctionReference, functionArn } from "./function-names.ts";

type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";

/** A function as it was created; a version is a copy of it with a number. */
export interface FunctionDefinition {
  readonly name: string;
  /** Without a qualifier. */
  readonly arn: string;
  readonly version: string;
  readonly description: string;
  readonly roleArn: string;
  readonly runtime: string;
  /** `index.handler`. */
  readonly handler: string;
  /** The unpacked code. */
  readonly taskRoot: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly architecture: "arm64" | "x86_64";
  readonly variables: Readonly<Record<string, string>>;
  readonly kmsKeyArn?: string;
  readonly vpc?: { readonly vpcId: string; readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] };
  readonly logging: {
    readonly format: "Text" | "JSON";
    readonly group: string;
    readonly applicationLevel: LogLevel;
    readonly systemLevel: "DEBUG" | "INFO" | "WARN";
  };
  readonly tracing: "Active" | "PassThrough";
  readonly reservedConcurrency?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}

/** How an asynchronous event is retried. */
export interface EventInvokeConfig {
  readonly maximumAgeSeconds: number;
  readonly maximumRetryAttempts: number;
  /** Where an event goes that was given up. */
  readonly onFailureArn?: string;
}

interface Entry {
  readonly versions: Map<string, FunctionDefinition>;
  readonly aliases: Map<string, string>;
  readonly eventInvokeConfigs: Map<string, EventInvokeConfig>;
  /** By the qualifier that they were added for; `""` is the function itself. */
  readonly statements: Map<string, Statement[]>;
}

const latest = "$LATEST";
const eventDefaults: EventInvokeConfig = { maximumAgeSeconds: 21_600, maximumRetryAttempts: 2 };

export class Functions {
  readonly #entries = new Map<string, Entry>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  arn(reference: FunctionReference): string {
    return functionArn(this.#environment, reference);
  }

  add(definition: FunctionDefinition): void {
    if (this.#entries.has(definition.name)) {
      throw new AwsError("ResourceConflictException", `Function already exist: ${definition.name}`, { statusCode: 409 });
    }
    this.#entries.set(definition.name, {
      versions: new Map([[latest, definition]]),
      aliases: new Map(),
      eventInvokeConfigs: new Map(),
      statements: new Map(),
    });
  }

  list(): readonly FunctionDefinition[] {
    return [...this.#entries.values()].flatMap(({ versions }) => versions.get(latest) ?? []);
  }

  /** The definition that a reference means, aliases followed; throws ResourceNotFoundException. */
  get(reference: FunctionReference): FunctionDefinition {
    const entry = this.#entries.get(reference.name);
    const qualifier = reference.qualifier ?? latest;
    const definition = entry?.versions.get(entry.aliases.get(qualifier) ?? qualifier);
    if (definition === undefined) throw notFound(`Function not found: ${this.arn(reference)}`);
    return definition;
  }

  publishVersion(name: string, description: string | undefined): FunctionDefinition {
    const entry = this.#entry(name);
    const definition = this.get({ name });
    const version = { ...definition, version: String(entry.versions.size), description: description ?? definition.description };
    entry.versions.set(version.version, version);
    return version;
  }

  addAlias(name: string, alias: string, version: string): void {
    this.get({ name, qualifier: version });
    this.#entry(name).aliases.set(alias, version);
  }

  setEventInvokeConfig({ name, qualifier }: FunctionReference, config: Partial<EventInvokeConfig>): void {
    this.#entry(name).eventInvokeConfigs.set(qualifier ?? latest, { ...eventDefaults, ...config });
  }

  eventInvokeConfig({ name, qualifier }: FunctionReference): EventInvokeConfig {
    return this.#entry(name).eventInvokeConfigs.get(qualifier ?? latest) ?? eventDefaults;
  }

  addStatement({ name, qualifier = "" }: FunctionReference, statement: Statement): void {
    const { statements } = this.#entry(name);
    const kept = statements.get(qualifier) ?? [];
    if (kept.some(({ Sid }) => Sid === statement.Sid)) {
      throw new AwsError(
        "ResourceConflictException",
        `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
        { statusCode: 409 },
      );
    }
    statements.set(qualifier, [...kept, statement]);
  }

  /** The resource policy of the function, or of one version or alias of it; none where nothing was added or nothing exists. */
  policy({ name, qualifier = "" }: FunctionReference): PolicyDocument | undefined {
    const statements = this.#entries.get(name)?.statements.get(qualifier);
    return statements === undefined ? undefined : { Version: "2012-10-17", Id: "default", Statement: statements };
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw notFound(`Function not found: ${this.arn({ name })}`);
    return entry;
  }
}

export const notFound = (message: string): AwsError =>
  new AwsError("ResourceNotFoundException", message, { statusCode: 404, fields: { Type: "User" } });
