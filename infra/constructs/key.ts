// A KMS key whose policy says who may use it: the account may administer it, and that is all that IAM policies can give.

import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import { CfnAlias, CfnKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { Arns } from "../arns.ts";
import { explainEveryResource, policyDocument, type Statement } from "../statement.ts";

/** Everything one does to a key and nothing one does with it; CreateGrant is left out, because a grant is use. */
const administration = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListAliases",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
] as const;

const theKeyItself = "In a key policy * means the key that the policy is attached to.";

/** One use of a key: a statement without its resource. */
export type KeyUse = Omit<Statement, "resources" | "reason">;

export interface ExactKeyProps {
  readonly alias: string;
  readonly description: string;
  readonly arns: Arns;
  readonly uses: readonly KeyUse[];
  readonly removal: RemovalPolicy;
}

export class ExactKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: ExactKeyProps) {
    super(scope, id);
    const statements: Statement[] = [
      { sid: "Administer", principal: { AWS: props.arns.root }, actions: administration },
      ...props.uses,
    ].map((use) => ({ ...use, resources: ["*"], reason: theKeyItself }));
    const key = new CfnKey(this, "Resource", {
      description: props.description,
      enableKeyRotation: true,
      keyPolicy: policyDocument(statements),
    });
    key.applyRemovalPolicy(props.removal);
    explainEveryResource(key, statements);
    new CfnAlias(this, "Alias", { aliasName: props.alias, targetKeyId: key.ref });
    this.arn = key.attrArn;
  }
}

/** KMS grants nothing under a context that differs in any key or value; what varies by run must at least be there. */
export function exactContext(fixed: Readonly<Record<string, string>>, varying: readonly string[]) {
  const named = (key: string) => `kms:EncryptionContext:${key}`;
  return {
    StringEquals: Object.fromEntries(Object.entries(fixed).map(([key, value]) => [named(key), value])),
    "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": [...Object.keys(fixed), ...varying] },
    // ForAllValues alone admits an empty context.
    Null: Object.fromEntries(varying.map((key) => [named(key), "false"])),
  };
}

/** Only calls that `service` makes for the principal. */
export const through = (service: string, stack: Stack, more: Readonly<Record<string, string>> = {}) => ({
  StringEquals: { "kms:ViaService": `${service}.${stack.region}.amazonaws.com`, ...more },
});

/** What is lost with a deleted stack, as the configuration wants it; a first deployment that fails leaves nothing behind. */
export const removalPolicyFor = (onDelete: "keep" | "delete"): RemovalPolicy =>
  onDelete === "keep" ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
