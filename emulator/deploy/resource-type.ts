// The contract between the template engine and the services: how a CloudFormation resource type becomes state of a service.

import type { ZodType } from "zod";

export interface ResourceContext {
  readonly stackName: string;
  readonly logicalId: string;
  /** `<stack>-<logical id>-<12 characters>`, for resources that have no name of their own; trimmed to `maxLength`. */
  generatedName(maxLength?: number): string;
  /** Reads an asset that the template refers to by its S3 bucket and key, or by image URI: the folder or file in the cloud assembly. */
  assetPath(of: { bucket: string; key: string } | { imageUri: string }): string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface CreatedResource {
  /** What `Ref` gives. */
  readonly ref: string;
  /** What `Fn::GetAtt` gives, by attribute name (`Arn`, `KeyId`, `DnsEntries`, …). */
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
}

export interface ResourceType<Properties = unknown> {
  /** `AWS::KMS::Key`. */
  readonly type: string;
  /** Strict: a property that the emulator does not model is refused by name, at any depth. */
  readonly properties: ZodType<Properties>;
  create(properties: Properties, context: ResourceContext): CreatedResource | Promise<CreatedResource>;
}

/** Keeps `Properties` inferred from the schema; the array of a service's types erases it. */
export const resourceType = <Properties>(type: ResourceType<Properties>): ResourceType => type as ResourceType;
