// What the account knows about its tables beyond their items: keys, encryption, policies, and which of them the engine has made yet.

import { setImmediate } from "node:timers/promises";
import type { CreateTableCommandInput, TableDescription } from "@aws-sdk/client-dynamodb";
import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError, required } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";
import type { Engine } from "./engine.ts";

/** The members of CreateTable that the engine understands. */
export type TableDefinition = Pick<
  CreateTableCommandInput,
  | "AttributeDefinitions"
  | "BillingMode"
  | "GlobalSecondaryIndexes"
  | "KeySchema"
  | "LocalSecondaryIndexes"
  | "ProvisionedThroughput"
  | "TableName"
>;

export interface TableKey {
  readonly arn: string;
  readonly wrapped: Uint8Array;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly definition: TableDefinition;
  readonly createdAtMs: number;
  readonly tags: Map<string, string>;
  /** Absent for DynamoDB's own default encryption. */
  readonly key?: TableKey;
  readonly policy?: PolicyDocument;
  readonly deletionProtected: boolean;
  readonly pointInTimeRecovery: boolean;
  /** Expired items are described as such by their attribute and stay: AWS itself leaves them for days. */
  timeToLive?: { readonly attribute: string; readonly enabled: boolean };
  /** Settled once the engine has the table; tables of a template are made when somebody first uses them. */
  made?: Promise<void>;
}

export type NewTable = Omit<Table, "arn" | "createdAtMs" | "id" | "made" | "name">;

export class Tables {
  readonly #environment: Environment;
  readonly #engine: Engine;
  readonly #tables = new Map<string, Table>();

  constructor(environment: Environment, engine: Engine) {
    this.#environment = environment;
    this.#engine = engine;
  }

  add(of: NewTable): Table {
    const name = required(of.definition.TableName, "tableName");
    if (this.#tables.has(name)) throw new AwsError("ResourceInUseException", `Table already exists: ${name}`);
    const table: Table = { ...of, name, arn: this.arnOf(name), id: this.#environment.uuid(), createdAtMs: this.#environment.clock.now() };
    this.#tables.set(name, table);
    return table;
  }

  /** Makes the table in the engine, once, and waits until it can be used. */
  make(table: Table): Promise<void> {
    table.made ??= this.#make(table);
    return table.made;
  }

  /** By name or ARN. */
  find(identifier: string): Table | undefined {
    return this.#tables.get(identifier.replace(this.arnOf(""), ""));
  }

  get(identifier: string | undefined): Table {
    const table = this.find(required(identifier, "tableName"));
    if (table === undefined) throw new AwsError("ResourceNotFoundException", "Requested resource not found");
    return table;
  }

  remove(table: Table): void {
    this.#tables.delete(table.name);
  }

  names(): readonly string[] {
    return [...this.#tables.keys()].sort();
  }

  arnOf(name: string): string {
    return `arn:aws:dynamodb:${this.#environment.region}:${this.#environment.account}:table/${name}`;
  }

  async describe(table: Table): Promise<TableDescription> {
    await this.make(table);
    const { Table: engineTable } = await this.#engine.run("DescribeTable", { TableName: table.name });
    // The engine's answer to DescribeTable; it does not know account, key and protection.
    const description = engineTable as TableDescription;
    const indexArn = (name: string | undefined): string => `${table.arn}/index/${name}`;
    return {
      ...description,
      TableArn: table.arn,
      TableId: table.id,
      CreationDateTime: new Date(table.createdAtMs),
      DeletionProtectionEnabled: table.deletionProtected,
      ...(description.GlobalSecondaryIndexes && {
        GlobalSecondaryIndexes: description.GlobalSecondaryIndexes.map((index) => ({ ...index, IndexArn: indexArn(index.IndexName) })),
      }),
      ...(description.LocalSecondaryIndexes && {
        LocalSecondaryIndexes: description.LocalSecondaryIndexes.map((index) => ({ ...index, IndexArn: indexArn(index.IndexName) })),
      }),
      ...(table.key && { SSEDescription: { Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: table.key.arn } }),
    };
  }

  async #make(table: Table): Promise<void> {
    try {
      await this.#engine.run("CreateTable", table.definition);
    } catch (error) {
      this.remove(table);
      throw error;
    }
    for (;;) {
      const { Table: made } = await this.#engine.run("DescribeTable", { TableName: table.name });
      // As in `describe`.
      if ((made as TableDescription).TableStatus === "ACTIVE") return;
      await setImmediate();
    }
  }
}
