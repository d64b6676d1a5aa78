// AWS::KMS::Key and AWS::KMS::Alias as templates write them.

import { z } from "zod";
import { resourcePolicy } from "../../resource-policy.ts";
import type { Keys } from "../../services/kms/keys.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";

export const kmsResourceTypes = (keys: Keys): readonly ResourceType[] => [
  resourceType({
    type: "AWS::KMS::Key",
    properties: z.strictObject({
      Description: z.string().optional(),
      Enabled: z.boolean().default(true),
      EnableKeyRotation: z.boolean().default(false),
      RotationPeriodInDays: z.number().min(90).max(2560).default(365),
      KeyPolicy: resourcePolicy.optional(),
      KeySpec: z.literal("SYMMETRIC_DEFAULT").optional(),
      KeyUsage: z.literal("ENCRYPT_DECRYPT").optional(),
      Origin: z.literal("AWS_KMS").optional(),
      MultiRegion: z.literal(false).optional(),
      // Takes effect when the stack is deleted, which the emulator does not do.
      PendingWindowInDays: z.number().min(7).max(30).optional(),
      BypassPolicyLockoutSafetyCheck: z.boolean().optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const key = keys.create({
        description: properties.Description,
        policy: properties.KeyPolicy,
        tags: tagMap(context.tags, properties.Tags),
      });
      key.enabled = properties.Enabled;
      key.rotating = properties.EnableKeyRotation;
      key.rotationDays = properties.RotationPeriodInDays;
      return { ref: key.id, attributes: { Arn: key.arn, KeyId: key.id } };
    },
  }),
  resourceType({
    type: "AWS::KMS::Alias",
    properties: z.strictObject({ AliasName: z.string(), TargetKeyId: z.string() }),
    create({ AliasName, TargetKeyId }) {
      keys.addAlias(AliasName, keys.resolve(TargetKeyId).key.id);
      return { ref: AliasName, attributes: {} };
    },
  }),
];
