// Parameter Store's parameters and their versions.

import { AwsError } from "../../aws-error.ts";
import type { SealedData } from "../../sealed-storage.ts";
import type { Environment } from "../../service.ts";

export interface ParameterVersion {
  readonly version: number;
  readonly modifiedAtMs: number;
  readonly type: "SecureString" | "String" | "StringList";
  /** Sealed for SecureString. */
  readonly value: SealedData | string;
}

export interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly versions: ParameterVersion[];
}

export class Parameters {
  readonly #environment: Environment;
  readonly #parameters = new Map<string, Parameter>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  arnOf(name: string): string {
    const { account, region } = this.#environment;
    return `arn:aws:ssm:${region}:${account}:parameter${name.startsWith("/") ? "" : "/"}${name}`;
  }

  put(
    name: string,
    of: { type: ParameterVersion["type"]; value: ParameterVersion["value"]; overwrite: boolean; tags: ReadonlyMap<string, string> },
  ): ParameterVersion {
    if (!/^(\/[\w.-]+)+$|^[\w.-]+$/.test(name) || /^\/?(aws|ssm)/i.test(name)) {
      throw new AwsError(
        "ValidationException",
        `Parameter name ${name} is not allowed: letters, digits and ._- in parts led by /, not beginning with aws or ssm.`,
      );
    }
    const existing = this.#parameters.get(name);
    if (existing !== undefined && !of.overwrite) {
      throw new AwsError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    }
    const parameter = existing ?? { name, arn: this.arnOf(name), tags: of.tags, versions: [] };
    const version = { version: parameter.versions.length + 1, modifiedAtMs: this.#environment.clock.now(), type: of.type, value: of.value };
    parameter.versions.push(version);
    this.#parameters.set(name, parameter);
    return version;
  }

  /** By name or ARN, optionally with `:<version>`. */
  find(identifier: string): { parameter: Parameter; version: ParameterVersion } | undefined {
    const [name = "", selector] = this.nameOf(identifier).split(":");
    const parameter = this.#parameters.get(name);
    const version = selector === undefined ? parameter?.versions.at(-1) : parameter?.versions[Number(selector) - 1];
    return parameter === undefined || version === undefined ? undefined : { parameter, version };
  }

  nameOf(identifier: string): string {
    const prefix = this.arnOf("/");
    if (!identifier.startsWith(prefix)) return identifier;
    const local = identifier.slice(prefix.length - 1);
    return this.#parameters.has(local.slice(1).split(":")[0] ?? "") ? local.slice(1) : local;
  }

  remove(name: string): void {
    if (!this.#parameters.delete(name)) throw notFound(name);
  }

  under(path: string, recursive: boolean): readonly Parameter[] {
    const prefix = path.endsWith("/") ? path : `${path}/`;
    return [...this.#parameters.values()]
      .filter(({ name }) => name.startsWith(prefix) && (recursive || !name.slice(prefix.length).includes("/")))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

export const notFound = (name: string): AwsError => new AwsError("ParameterNotFound", `Parameter ${name} not found.`);
