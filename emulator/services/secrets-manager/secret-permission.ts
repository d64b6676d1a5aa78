// The permission that a call on one secret needs: on the secret's ARN, with the secret's own policy and tags.

import { required } from "../../aws-error.ts";
import type { Permission } from "../../service.ts";
import type { Secrets } from "./secrets.ts";

export function secretPermission(
  secrets: Secrets,
  secretId: string | undefined,
  of: { action: string; context?: Permission["context"] },
): Permission {
  const id = required(secretId, "secretId");
  const secret = secrets.find(id);
  if (secret === undefined)
    return { action: of.action, resource: secrets.unknownArn(id), context: { "secretsmanager:SecretId": id, ...of.context } };
  const tags = [...secret.tags];
  return {
    action: of.action,
    resource: secret.arn,
    context: {
      "secretsmanager:SecretId": secret.arn,
      ...(secret.rotation === undefined ? {} : { "secretsmanager:resource/AllowRotationLambdaArn": secret.rotation.functionArn }),
      ...Object.fromEntries(tags.map(([name, value]) => [`secretsmanager:ResourceTag/${name}`, value])),
      ...Object.fromEntries(tags.map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
      ...of.context,
    },
    ...(secret.policy === undefined ? {} : { resourcePolicy: secret.policy }),
  };
}
