// An account of the emulator with what the relay needs and nothing that the stacks would add: for the tasks' own code over the real wire.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createDynamoDb } from "../../emulator/services/dynamodb.ts";
import { createKms } from "../../emulator/services/kms.ts";
import { createLambda } from "../../emulator/services/lambda.ts";
import { createSecretsManager } from "../../emulator/services/secrets-manager.ts";
import type { VirtualAuthenticator } from "../../emulator/virtual-authenticator.ts";
import { enableDevice } from "../support/authenticator.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";
import { attemptsTable, createAttemptsTable } from "./validate-mfa/attempt-table.ts";

export interface RelayAccount {
  readonly emulator: TestEmulator;
  readonly authenticator: VirtualAuthenticator;
  readonly accessKeyId: string;
  readonly keys: { readonly code: string; readonly session: string; readonly credentials: string; readonly job: string };
  readonly jobRole: string;
  readonly policyArn: string;
}

export async function startRelayAccount(): Promise<RelayAccount> {
  const emulator = await startTestEmulator({
    services: ({ environment, gateway, roles, network }) => {
      const kms = createKms(environment);
      const { forServices: functions } = createLambda(environment, { gateway, roles, keys: kms, subnets: network });
      return [kms, createDynamoDb(environment, { kms }), createSecretsManager(environment, { kms, functions })];
    },
  });
  const iam = emulator.client(IAMClient);
  const { account } = emulator.environment;
  await iam.send(new CreateUserCommand({ UserName: "alice", Path: "/keyturn/" }));
  const jobRole = `arn:aws:iam::${account}:role/BatchRoleCredentialReport`;
  const { Policy: policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "BatchJobAdmins",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["sts:AssumeRole", "sts:SetSourceIdentity"], Resource: jobRole }],
      }),
    }),
  );
  await iam.send(new AttachUserPolicyCommand({ UserName: "alice", PolicyArn: policy?.Arn }));
  await iam.send(
    new CreateRoleCommand({
      RoleName: "BatchRoleCredentialReport",
      MaxSessionDuration: 43_200,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${account}:root` },
            Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
            Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" }, StringEquals: { "sts:SourceIdentity": "alice" } },
          },
        ],
      }),
    }),
  );
  const { authenticator, serialNumber: mfaSerial } = await enableDevice(iam, { userName: "alice", clock: emulator.clock });
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
  const secret = { accessKeyId: key?.AccessKeyId, secretAccessKey: key?.SecretAccessKey, mfaSerial };
  await emulator
    .client(SecretsManagerClient)
    .send(new CreateSecretCommand({ Name: "keyturn/admins/alice", SecretString: JSON.stringify(secret) }));
  const kms = emulator.client(KMSClient);
  const newKey = async (): Promise<string> => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? "";
  await createAttemptsTable(emulator.client(DynamoDBClient));
  return {
    emulator,
    authenticator,
    accessKeyId: key?.AccessKeyId ?? "",
    keys: { code: await newKey(), session: await newKey(), credentials: await newKey(), job: await newKey() },
    jobRole,
    policyArn: policy?.Arn ?? "",
  };
}

/** The environment that the stacks would give the Lambdas, and this account's administrator as their role. */
export function taskEnvironment({ emulator, keys, jobRole }: RelayAccount): Readonly<Record<string, string>> {
  const { account, region } = emulator.environment;
  const { accessKeyId, secretAccessKey } = emulator.administrator;
  const deployed = {
    jobDefinition: `arn:aws:batch:${region}:${account}:job-definition/keyturn-credential-report:1`,
    jobRole,
    jobQueue: `arn:aws:batch:${region}:${account}:job-queue/keyturn`,
    queueSeconds: 600,
    jobKey: keys.job,
  };
  return {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    KEYTURN_PLAN: JSON.stringify({ "credential-report": deployed }),
    KEYTURN_ADMINS: '["alice"]',
    KEYTURN_PLACES: JSON.stringify({ "credential-report": { partition: "aws", account, region, bucketArn: "arn:aws:s3:::reports" } }),
    KEYTURN_ATTEMPTS_TABLE: attemptsTable,
    KEYTURN_CODE_KEY: keys.code,
    KEYTURN_SESSION_KEY: keys.session,
    KEYTURN_CREDENTIALS_KEY: keys.credentials,
    KEYTURN_MAX_REFUSALS: "5",
    KEYTURN_LOCK_SECONDS: "900",
    KEYTURN_SESSION_SECONDS: "900",
  };
}
