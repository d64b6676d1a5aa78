// The keys of the relay: which step may seal, which may open, under which context. What is not written here nobody can do.

import type { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { jobRoleName, keyAlias, launcherRoleName, pascalCase, roleNames } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { dataKeyActions } from "../../jobs/session-policy.ts";
import { arnsOf } from "../arns.ts";
import type { KeyturnConfig } from "../config.ts";
import { ExactKey, exactContext, type KeyUse, removalPolicyFor, through } from "../constructs/key.ts";

export class RelayKeys extends Construct {
  readonly code: string;
  readonly adminSecrets: string;
  readonly mfaSession: string;
  readonly jobCredentials: string;
  /** By job: the key of its envelopes, the key of its data. ARNs. */
  readonly jobs: ReadonlyMap<string, { readonly envelopes: string; readonly data: string }>;

  constructor(stack: Stack, of: { config: KeyturnConfig; jobs: readonly JobDefinition[] }) {
    super(stack, "RelayKeys");
    const arns = arnsOf(stack);
    const removal = removalPolicyFor(of.config.retention.onDelete);
    const key = (id: string, alias: string, description: string, uses: readonly KeyUse[]): string =>
      new ExactKey(this, id, { alias, description: `Keyturn: ${description}`, arns, uses, removal }).arn;
    const role = (name: string) => ({ AWS: arns.role(name) });

    const codeContext = exactContext({ hop: "code" }, ["run", "admin"]);
    this.code = key("CodeKey", keyAlias.code, "MFA codes on their way to ValidateMfa", [
      // Left to IAM policies: whoever seals a code learns nothing and can do no harm.
      { sid: "OperatorsSeal", principal: { AWS: arns.root }, actions: ["kms:Encrypt"], conditions: codeContext },
      { sid: "ValidateMfaOpens", principal: role(roleNames.validateMfa), actions: ["kms:Decrypt"], conditions: codeContext },
    ]);

    const forAdminSecrets = {
      ...through("secretsmanager", stack),
      StringLike: { "kms:EncryptionContext:SecretARN": arns.everySecret },
    };
    this.adminSecrets = key("AdminSecretsKey", keyAlias.adminSecrets, "the admins' access keys at rest", [
      {
        sid: "IamAdminWrites",
        principal: role(roleNames.iamAdmin),
        actions: ["kms:GenerateDataKey"],
        conditions: forAdminSecrets,
      },
      // PutSecretValue asks for Decrypt only where the version has a value already, to compare the two: whoever writes then fails, and looks.
      ...(of.config.rotation === undefined
        ? []
        : [
            {
              sid: "RotationWrites",
              principal: role(roleNames.rotateAdminKey),
              actions: ["kms:GenerateDataKey"],
              conditions: forAdminSecrets,
            },
          ]),
      {
        sid: "ValidateMfaReads",
        principal: role(roleNames.validateMfa),
        actions: ["kms:Decrypt"],
        conditions: forAdminSecrets,
      },
      {
        sid: "SecretsManagerChecksTheKey",
        // When a secret is given its key, Secrets Manager tries the key for the deployer, on nothing that a secret holds.
        principal: { AWS: arns.root },
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        conditions: through("secretsmanager", stack, { "kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess" }),
      },
    ]);

    const sessionContext = exactContext({ hop: "mfa-session" }, ["run", "order"]);
    this.mfaSession = key("MfaSessionKey", keyAlias.mfaSession, "MFA sessions from ValidateMfa to RetrieveCredentials", [
      { sid: "ValidateMfaSeals", principal: role(roleNames.validateMfa), actions: ["kms:GenerateDataKey"], conditions: sessionContext },
      { sid: "RetrievalOpens", principal: role(roleNames.retrieveCredentials), actions: ["kms:Decrypt"], conditions: sessionContext },
    ]);

    const credentialsContext = exactContext({ hop: "job-credentials" }, ["run", "order", "until"]);
    this.jobCredentials = key("JobCredentialsKey", keyAlias.jobCredentials, "job credentials that no job is named on yet", [
      {
        sid: "RetrievalSeals",
        principal: role(roleNames.retrieveCredentials),
        actions: ["kms:GenerateDataKey"],
        conditions: credentialsContext,
      },
      {
        sid: "AuthorizationReaddresses",
        principal: role(roleNames.authorizeSubmission),
        actions: ["kms:ReEncryptFrom"],
        conditions: credentialsContext,
      },
    ]);

    this.jobs = new Map(
      of.jobs.map(({ name }) => {
        const launch = exactContext({ hop: "launch", job: name }, ["run", "order"]);
        const envelopes = key(`${pascalCase(name)}Key`, keyAlias.job(name), `credentials on their way to ${name}`, [
          {
            sid: "AuthorizationAddresses",
            principal: role(roleNames.authorizeSubmission),
            actions: ["kms:ReEncryptTo"],
            conditions: launch,
          },
          { sid: "LauncherOpens", principal: role(launcherRoleName(name)), actions: ["kms:Decrypt"], conditions: launch },
        ]);
        const bucket = arns.bucket(name);
        const ofTheBucket = {
          ...through("s3", stack),
          StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucket, `${bucket}/*`] },
        };
        const data = key(`${pascalCase(name)}DataKey`, keyAlias.jobData(name), `data of ${name} at rest`, [
          {
            sid: "JobSealsAndOpens",
            principal: role(jobRoleName(name)),
            actions: dataKeyActions,
            conditions: ofTheBucket,
          },
          {
            sid: "ReportReaderOpens",
            principal: role(roleNames.reportReader),
            actions: ["kms:Decrypt"],
            conditions: ofTheBucket,
          },
        ]);
        return [name, { envelopes, data }];
      }),
    );
  }
}
