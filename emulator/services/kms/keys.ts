// The account's KMS keys and aliases: what exists, which key an identifier means, and whether that key can be used now.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import type { Environment } from "../../service.ts";

export interface Key {
  /** UUID. */
  readonly id: string;
  readonly arn: string;
  readonly material: Uint8Array;
  readonly createdAtMs: number;
  readonly manager: "CUSTOMER" | "AWS";
  readonly tags: ReadonlyMap<string, string>;
  description: string;
  policy: PolicyDocument;
  enabled: boolean;
  rotating: boolean;
  rotationDays: number;
  /** Set while the key waits for its deletion. */
  deletionAtMs?: number;
}

/** A key together with the alias by which a request named it, as `kms:RequestAlias` needs it. */
export interface ResolvedKey {
  readonly key: Key;
  readonly requestAlias?: string;
}

export interface Alias {
  /** `alias/…`. */
  readonly name: string;
  readonly arn: string;
  keyId: string;
  readonly createdAtMs: number;
}

/** Services whose AWS managed key (`alias/aws/<service>`) comes into being when somebody first uses it. */
const managedKeyServices: readonly string[] = ["dynamodb", "s3", "secretsmanager", "sns", "sqs", "ssm"];

const notFound = (message: string): AwsError => new AwsError("NotFoundException", message);

export class Keys {
  readonly #environment: Environment;
  readonly #keys = new Map<string, Key>();
  readonly #aliases = new Map<string, Alias>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  create(of: {
    description?: string | undefined;
    policy?: PolicyDocument | undefined;
    tags?: ReadonlyMap<string, string> | undefined;
    manager?: "AWS";
  }): Key {
    const id = this.#environment.uuid();
    const key: Key = {
      id,
      arn: this.#arn(`key/${id}`),
      material: this.#environment.randomBytes(32),
      createdAtMs: this.#environment.clock.now(),
      manager: of.manager ?? "CUSTOMER",
      tags: of.tags ?? new Map(),
      description: of.description ?? "",
      policy: of.policy ?? this.#defaultPolicy(),
      enabled: true,
      rotating: of.manager === "AWS",
      rotationDays: 365,
    };
    this.#keys.set(id, key);
    return key;
  }

  addAlias(name: string, keyId: string): Alias {
    if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name)) throw new AwsError("InvalidAliasNameException", `Invalid alias name ${name}`);
    const arn = this.aliasArn(name);
    if (this.#aliases.has(name)) throw new AwsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
    const alias: Alias = { name, arn, keyId, createdAtMs: this.#environment.clock.now() };
    this.#aliases.set(name, alias);
    return alias;
  }

  deleteAlias(name: string): void {
    if (!this.#aliases.delete(name)) throw notFound(`Alias ${this.aliasArn(name)} is not found.`);
  }

  aliasArn(name: string): string {
    return this.#arn(name);
  }

  /** Finds a key by id, key ARN, alias name or alias ARN; throws `NotFoundException`. */
  resolve(identifier: string): ResolvedKey {
    const prefix = this.#arn("");
    if (identifier.startsWith("arn:") && !identifier.startsWith(prefix))
      throw notFound(`Invalid arn ${identifier.split(":")[3] ?? identifier}`);
    const local = identifier.startsWith(prefix) ? identifier.slice(prefix.length) : identifier;
    if (local.startsWith("alias/")) {
      const alias = this.#aliases.get(local) ?? this.#managedAlias(local);
      if (alias === undefined) throw notFound(`Alias ${this.aliasArn(local)} is not found.`);
      return { key: this.#byId(alias.keyId), requestAlias: local };
    }
    return { key: this.#byId(local.replace(/^key\//, "")) };
  }

  /** The key of an opened blob's header, or undefined. */
  find(id: string): Key | undefined {
    const key = this.#keys.get(id);
    if (key?.deletionAtMs === undefined || this.#environment.clock.now() < key.deletionAtMs) return key;
    this.#keys.delete(id);
    for (const alias of this.aliasesOf(id)) this.#aliases.delete(alias.name);
    return undefined;
  }

  list(): readonly Key[] {
    return [...this.#keys.keys()].flatMap((id) => this.find(id) ?? []);
  }

  aliases(): readonly Alias[] {
    return [...this.#aliases.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  aliasesOf(keyId: string): readonly Alias[] {
    return this.aliases().filter((alias) => alias.keyId === keyId);
  }

  #byId(id: string): Key {
    const key = this.find(id);
    if (key === undefined) throw notFound(`Key '${this.#arn(`key/${id}`)}' does not exist`);
    return key;
  }

  #managedAlias(name: string): Alias | undefined {
    const service = name.replace(/^alias\/aws\//, "");
    if (!managedKeyServices.includes(service)) return undefined;
    const policy = this.#managedPolicy(service);
    const key = this.create({
      description: `Default key that protects my data when no other key is defined (${service})`,
      policy,
      manager: "AWS",
    });
    return this.addAlias(name, key.id);
  }

  #arn(local: string): string {
    return `arn:aws:kms:${this.#environment.region}:${this.#environment.account}:${local}`;
  }

  #defaultPolicy(): PolicyDocument {
    return {
      Version: "2012-10-17",
      Id: "key-default-1",
      Statement: [
        { Sid: "Enable IAM User Permissions", Effect: "Allow", Principal: { AWS: this.#root() }, Action: "kms:*", Resource: "*" },
      ],
    };
  }

  // As AWS publishes it for its managed keys: anybody in the account, but only through the service.
  #managedPolicy(service: string): PolicyDocument {
    const { account, region } = this.#environment;
    return {
      Version: "2012-10-17",
      Id: `auto-${service}-1`,
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: "*" },
          Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
          Resource: "*",
          Condition: { StringEquals: { "kms:ViaService": `${service}.${region}.amazonaws.com`, "kms:CallerAccount": account } },
        },
        {
          Effect: "Allow",
          Principal: { AWS: this.#root() },
          Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
          Resource: "*",
        },
      ],
    };
  }

  #root(): string {
    return `arn:aws:iam::${this.#environment.account}:root`;
  }
}

/** Throws unless the key can be used for cryptography now. */
export function assertUsable(key: Key): void {
  if (key.deletionAtMs !== undefined) throw new AwsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
  if (!key.enabled) throw new AwsError("DisabledException", `${key.arn} is disabled.`);
}
