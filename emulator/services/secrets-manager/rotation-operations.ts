// RotateSecret and CancelRotateSecret: configuring rotation, starting it by hand, turning it off.

import type {
  CancelRotateSecretCommandInput,
  CancelRotateSecretCommandOutput,
  RotateSecretCommandInput,
  RotateSecretCommandOutput,
  RotationRulesType,
} from "@aws-sdk/client-secrets-manager";
import { AwsError, notImplemented, required } from "../../aws-error.ts";
import type { Environment, Operation, Permission } from "../../service.ts";
import { assertRules } from "./rotation-schedule.ts";
import type { Rotations } from "./rotations.ts";
import { secretPermission } from "./secret-permission.ts";
import { invalidRequest, pendingVersion, type RotationRules, type Secret, type Secrets } from "./secrets.ts";

export interface RotationFunctions {
  /** What a caller needs to invoke the function, with the function's own policy. */
  permission(functionArn: string): Permission;
  /** Throws where the function does not exist, or its policy does not let Secrets Manager invoke it for this secret. */
  assertInvocable(functionArn: string, secretArn: string): Promise<void>;
}

export interface RotationConfiguration {
  readonly functionArn?: string | undefined;
  readonly rules?: RotationRulesType | undefined;
  readonly rotateImmediately: boolean;
  readonly token?: string | undefined;
}

interface Dependencies {
  readonly secrets: Secrets;
  readonly rotations: Rotations;
  readonly functions: RotationFunctions;
  readonly environment: Environment;
}

/** Turns rotation on as configured, and starts or tests it; gives the id of the version that it makes. */
export async function configureRotation(
  secret: Secret,
  of: RotationConfiguration,
  { rotations, functions, environment }: Omit<Dependencies, "secrets">,
): Promise<string | undefined> {
  const functionArn = of.functionArn ?? secret.rotation?.functionArn;
  if (functionArn === undefined) throw invalidRequest("No Lambda rotation function ARN is associated with this secret.");
  const rules = of.rules === undefined ? secret.rotation?.rules : rulesOf(of.rules);
  if (rules === undefined) throw invalidRequest("You must specify RotationRules for a secret that has none.");
  assertRules(rules);
  await functions.assertInvocable(functionArn, secret.arn);
  const pending = pendingVersion(secret);
  if (pending !== undefined) {
    if (of.token === pending.id && rotations.isUnderWay(secret, pending.id)) return pending.id;
    rotations.begin(secret);
    throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
  }
  const now = environment.clock.now();
  // Only a rotation that is on, and stays as it is, goes on counting.
  const isKept = of.rules === undefined && secret.rotation?.isEnabled === true;
  const countsFromMs = isKept ? (secret.rotation?.countsFromMs ?? now) : now;
  secret.rotation = { ...secret.rotation, isEnabled: true, functionArn, rules, countsFromMs };
  secret.changedAtMs = now;
  rotations.schedule(secret);
  if (of.rotateImmediately) return rotations.begin(secret, of.token);
  rotations.test(secret);
  return undefined;
}

const rulesOf = ({ AutomaticallyAfterDays, ScheduleExpression, Duration }: RotationRulesType): RotationRules => ({
  ...(AutomaticallyAfterDays === undefined ? {} : { automaticallyAfterDays: AutomaticallyAfterDays }),
  ...(ScheduleExpression === undefined ? {} : { scheduleExpression: ScheduleExpression }),
  ...(Duration === undefined ? {} : { duration: Duration }),
});

export function rotationOperations(dependencies: Dependencies): Record<string, Operation> {
  const { secrets, rotations, functions } = dependencies;

  const rotateSecret: Operation<RotateSecretCommandInput, Partial<RotateSecretCommandOutput>> = {
    permissions(input) {
      const { RotationLambdaARN: functionArn } = input;
      const rotate = secretPermission(secrets, input.SecretId, {
        action: "secretsmanager:RotateSecret",
        context: {
          "secretsmanager:ModifyRotationRules": String(input.RotationRules !== undefined),
          "secretsmanager:RotateImmediately": String(input.RotateImmediately ?? true),
          ...(functionArn === undefined ? {} : { "secretsmanager:RotationLambdaARN": functionArn }),
        },
      });
      // AWS says so of whoever configures a function, and of whoever starts it that secretsmanager:RotateSecret is all it takes.
      return functionArn === undefined ? [rotate] : [rotate, functions.permission(functionArn)];
    },
    async run(input) {
      if (input.ExternalSecretRotationRoleArn !== undefined || input.ExternalSecretRotationMetadata !== undefined) {
        throw notImplemented("RotateSecret of managed external secrets");
      }
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const versionId = await configureRotation(
        secret,
        {
          functionArn: input.RotationLambdaARN,
          rules: input.RotationRules,
          rotateImmediately: input.RotateImmediately ?? true,
          token: input.ClientRequestToken,
        },
        dependencies,
      );
      return { ARN: secret.arn, Name: secret.name, ...(versionId === undefined ? {} : { VersionId: versionId }) };
    },
  };

  const cancelRotateSecret: Operation<CancelRotateSecretCommandInput, Partial<CancelRotateSecretCommandOutput>> = {
    permissions: (input) => [secretPermission(secrets, input.SecretId, { action: "secretsmanager:CancelRotateSecret" })],
    run(input) {
      const secret = secrets.live(required(input.SecretId, "secretId"));
      const versionId = rotations.cancel(secret);
      return { ARN: secret.arn, Name: secret.name, ...(versionId === undefined ? {} : { VersionId: versionId }) };
    },
  };

  return { RotateSecret: rotateSecret, CancelRotateSecret: cancelRotateSecret };
}

/** AWS's words where a function does not let Secrets Manager invoke it. */
export const notInvocable = (cause: unknown): AwsError =>
  new AwsError(
    "AccessDeniedException",
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
    { cause },
  );
