// Writes a small cloud assembly and an environment to deploy it into, for the engine's tests.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { MovableClock } from "../../../emulator/clock.ts";
import { resourceType } from "../../../emulator/deploy/resource-type.ts";
import type { Environment } from "../../../emulator/service.ts";

export interface StackOfTest {
  readonly template: object;
  readonly dependencies?: readonly string[];
  readonly tags?: Record<string, string>;
  readonly environment?: string;
  readonly assets?: object;
}

/** The folder of an assembly with these stacks; removed after the test. */
export function writeAssembly(stacks: Record<string, StackOfTest>): string {
  const directory = mkdtempSync(join(tmpdir(), "assembly-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const artifacts: Record<string, object> = { Tree: { type: "cdk:tree", properties: { file: "tree.json" } } };
  for (const [
    name,
    { template, dependencies = [], tags = {}, environment = "aws://unknown-account/unknown-region", assets },
  ] of Object.entries(stacks)) {
    writeFileSync(join(directory, `${name}.template.json`), JSON.stringify(template));
    artifacts[name] = {
      type: "aws:cloudformation:stack",
      environment,
      dependencies,
      properties: { templateFile: `${name}.template.json`, tags },
    };
    if (assets === undefined) continue;
    writeFileSync(join(directory, `${name}.assets.json`), JSON.stringify(assets));
    artifacts[`${name}.assets`] = { type: "cdk:asset-manifest", properties: { file: `${name}.assets.json` } };
  }
  writeFileSync(join(directory, "manifest.json"), JSON.stringify({ version: "48.0.0", artifacts }));
  return directory;
}

export function testEnvironment(): Environment {
  let count = 0;
  const next = (): string => String(++count);
  return {
    account: "111122223333",
    region: "us-east-1",
    clock: new MovableClock({ frozenAtMs: Date.UTC(2026, 0, 1) }),
    randomBytes: (size) => new Uint8Array(size),
    uniqueId: (prefix) => `${prefix}${next().padStart(16, "0")}`,
    uuid: () => `uuid-${next()}`,
  };
}

/** A resource type that records what was created; its attributes are `Arn` and `Name`. */
export function recordingType(type: string) {
  const created: { logicalId: string; name: string; tags: Readonly<Record<string, string>> }[] = [];
  const properties = z.strictObject({
    Name: z
      .string()
      .regex(/^[a-z0-9-]+$/, "must be lower case")
      .optional(),
    Size: z.number().optional(),
    Target: z.string().optional(),
    Asset: z.union([z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }), z.strictObject({ ImageUri: z.string() })]).optional(),
    Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
    Fails: z.string().optional(),
  });
  return {
    created,
    type: resourceType({
      type,
      properties,
      create: async ({ Name, Asset, Fails }, context) => {
        await Promise.resolve();
        if (Fails !== undefined) throw new Error(Fails);
        const asset =
          Asset === undefined
            ? ""
            : context.assetPath("ImageUri" in Asset ? { imageUri: Asset.ImageUri } : { bucket: Asset.S3Bucket, key: Asset.S3Key });
        const name = Name ?? context.generatedName(32);
        created.push({ logicalId: context.logicalId, name, tags: context.tags });
        return { ref: name, attributes: { Arn: `arn:test:${name}`, Asset: asset } };
      },
    }),
  };
}
