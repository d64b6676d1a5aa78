// Rotation of the admins' access keys by schedule: the function, who may invoke it, and when.

import type { RemovalPolicy, Stack } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnRotationSchedule } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { keyProof } from "../../core/key-proof.ts";
import { settleMs } from "../../core/key-rotation.ts";
import { pascalCase, roleNames } from "../../core/naming.ts";
import { arnsOf } from "../arns.ts";
import { TaskFunction } from "../constructs/task-function.ts";
import type { AdminSecrets } from "./admin-secrets.ts";

export interface KeyRotationProps {
  readonly secrets: AdminSecrets["made"];
  readonly days: number;
  /** Folder with `index.mjs`. */
  readonly code: string;
  readonly logsKey: IKey;
  readonly logDays: RetentionDays;
  readonly removal: RemovalPolicy;
}

/** Longer than a key's proof may take, and than the pause before the key before goes. */
const timeoutSeconds = 120;

export class KeyRotation extends Construct {
  constructor(stack: Stack, props: KeyRotationProps) {
    super(stack, "KeyRotation");
    const { function: rotate } = new TaskFunction(stack, {
      task: "rotate-admin-key",
      runsUnder: roleNames.rotateAdminKey,
      code: props.code,
      environment: {
        KEYTURN_ADMINS: JSON.stringify([...props.secrets.keys()]),
        KEYTURN_PROOF_PAUSE_MS: String(keyProof.pauseMs),
        KEYTURN_SETTLE_MS: String(settleMs),
      },
      timeoutSeconds,
      logsKey: props.logsKey,
      logDays: props.logDays,
      removal: props.removal,
    });
    const permission = new CfnPermission(this, "SecretsManagerInvokes", {
      action: "lambda:InvokeFunction",
      functionName: rotate.functionArn,
      principal: "secretsmanager.amazonaws.com",
      sourceAccount: stack.account,
      // All of ours in one statement: a function's policy does not hold one for each of many.
      sourceArn: arnsOf(stack).everySecret,
    });
    for (const [admin, { secret, policy }] of props.secrets) {
      const schedule = new CfnRotationSchedule(this, pascalCase(admin), {
        secretId: secret.ref,
        rotationLambdaArn: rotate.functionArn,
        rotationRules: { automaticallyAfterDays: props.days },
        // A secret is made empty: there is nothing to rotate before its admin is enrolled.
        rotateImmediatelyOnUpdate: false,
      });
      // Secrets Manager tries the function when the schedule is made.
      schedule.addResourceDependency(permission);
      schedule.addResourceDependency(policy);
    }
  }
}
