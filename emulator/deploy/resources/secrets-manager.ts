// AWS::SecretsManager::Secret, its ResourcePolicy and its RotationSchedule as templates write them.

import { z } from "zod";
import { AwsError } from "../../aws-error.ts";
import { isPublicPolicy, resourcePolicy } from "../../resource-policy.ts";
import type { Kms } from "../../services/kms.ts";
import { passwordRules, randomPassword } from "../../services/secrets-manager/random-password.ts";
import type { RotationConfiguration } from "../../services/secrets-manager/rotation-operations.ts";
import type { Secret, Secrets } from "../../services/secrets-manager/secrets.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";
import { wholeNumber } from "./scalars.ts";

const generation = passwordRules.extend({ SecretStringTemplate: z.string().optional(), GenerateStringKey: z.string().optional() });

const templateObject = z.record(z.string(), z.unknown());

export interface SecretResources {
  readonly kms: Kms;
  randomBytes(size: number): Uint8Array;
  setFirstValue(secret: Secret, value: string): void;
  configureRotation(secret: Secret, configuration: RotationConfiguration): Promise<void>;
}

function generatedValue(rules: z.output<typeof generation>, resources: SecretResources): string {
  const { SecretStringTemplate: template, GenerateStringKey: key, ...password } = rules;
  const value = randomPassword(password, (size) => resources.randomBytes(size));
  if (template === undefined && key === undefined) return value;
  if (template === undefined || key === undefined) {
    throw new AwsError(
      "InvalidParameterException",
      "GenerateSecretString needs both SecretStringTemplate and GenerateStringKey, or neither.",
    );
  }
  return JSON.stringify({ ...templateObject.parse(JSON.parse(template)), [key]: value });
}

export const secretsManagerResourceTypes = (secrets: Secrets, resources: SecretResources): readonly ResourceType[] => [
  resourceType({
    type: "AWS::SecretsManager::Secret",
    properties: z.strictObject({
      Name: z.string().optional(),
      Description: z.string().optional(),
      KmsKeyId: z.string().optional(),
      SecretString: z.string().optional(),
      GenerateSecretString: generation.optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const { SecretString: text, GenerateSecretString: rules, KmsKeyId: kmsKeyId } = properties;
      if (text !== undefined && rules !== undefined) {
        throw new AwsError("InvalidParameterException", "A secret has SecretString or GenerateSecretString, not both.");
      }
      if (kmsKeyId !== undefined) resources.kms.keyArn(kmsKeyId);
      const secret = secrets.draft({
        name: properties.Name ?? context.generatedName(512),
        description: properties.Description,
        kmsKeyId,
        tags: tagMap(context.tags, properties.Tags),
      });
      const value = rules === undefined ? text : generatedValue(rules, resources);
      if (value !== undefined) resources.setFirstValue(secret, value);
      secrets.add(secret);
      return { ref: secret.arn, attributes: { Id: secret.arn } };
    },
  }),
  resourceType({
    type: "AWS::SecretsManager::ResourcePolicy",
    properties: z.strictObject({ SecretId: z.string(), ResourcePolicy: resourcePolicy, BlockPublicPolicy: z.boolean().default(true) }),
    create({ SecretId, ResourcePolicy, BlockPublicPolicy }) {
      const secret = secrets.live(SecretId);
      if (BlockPublicPolicy && isPublicPolicy(ResourcePolicy)) {
        throw new AwsError("PublicPolicyException", "You can't attach a resource policy that gives broad access to the secret.");
      }
      secret.policy = ResourcePolicy;
      return { ref: secret.arn, attributes: { Id: secret.arn } };
    },
  }),
  resourceType({
    type: "AWS::SecretsManager::RotationSchedule",
    properties: z.strictObject({
      SecretId: z.string(),
      RotationLambdaARN: z.string(),
      RotationRules: z.strictObject({
        AutomaticallyAfterDays: wholeNumber({ from: 1, to: 1000 }).exactOptional(),
        ScheduleExpression: z.string().exactOptional(),
        Duration: z.string().exactOptional(),
      }),
      RotateImmediatelyOnUpdate: z.boolean().default(true),
    }),
    async create({ SecretId, RotationLambdaARN, RotationRules, RotateImmediatelyOnUpdate }) {
      const secret = secrets.live(SecretId);
      await resources.configureRotation(secret, {
        functionArn: RotationLambdaARN,
        rules: RotationRules,
        rotateImmediately: RotateImmediatelyOnUpdate,
      });
      return { ref: secret.arn, attributes: { Id: secret.arn } };
    },
  }),
];
