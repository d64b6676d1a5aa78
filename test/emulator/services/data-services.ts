// An account with the services that keep data, and people in it who may do exactly what a test says.

import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { MovableClock } from "../../../emulator/clock.ts";
import type { CreatedResource, ResourceType } from "../../../emulator/deploy/resource-type.ts";
import type { Credentials } from "../../../emulator/service.ts";
import { createDynamoDb } from "../../../emulator/services/dynamodb.ts";
import { createKms, type Kms } from "../../../emulator/services/kms.ts";
import { createLambda } from "../../../emulator/services/lambda.ts";
import { createLogs, type Logs } from "../../../emulator/services/logs.ts";
import { createS3 } from "../../../emulator/services/s3.ts";
import { createSecretsManager } from "../../../emulator/services/secrets-manager.ts";
import { createSns, type Sns } from "../../../emulator/services/sns.ts";
import { createSqs, type Sqs } from "../../../emulator/services/sqs.ts";
import { createSsm, type Ssm } from "../../../emulator/services/ssm.ts";
import type { Statement } from "../../../policy/document.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

export const account = "111122223333";
export const root = `arn:aws:iam::${account}:root`;

export interface DataServices extends TestEmulator {
  readonly kms: Kms;
  readonly logs: Logs;
  readonly sns: Sns;
  readonly sqs: Sqs;
  readonly ssm: Ssm;
  /** A new user with one inline policy; its ARN is `arn:aws:iam::111122223333:user/<name>`. */
  user(name: string, ...statements: readonly Omit<Statement, "Principal">[]): Promise<Credentials>;
  /** A new key; its ARN. Without statements under AWS's default policy, which leaves everything to IAM. */
  key(...statements: readonly Statement[]): Promise<string>;
  /** Creates a resource as a deployment would: properties checked against the type's schema. */
  deploy(type: string, properties: object, logicalId?: string): Promise<CreatedResource>;
}

export const allow = (Action: string | readonly string[], Resource: string | readonly string[] = "*", Condition?: Statement["Condition"]) =>
  ({ Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) }) as const;

export async function startDataServices(frozenAt = "2026-03-01T12:00:00Z"): Promise<DataServices> {
  const built: { kms?: Kms; logs?: Logs; sns?: Sns; sqs?: Sqs; ssm?: Ssm } = {};
  const resourceTypes: ResourceType[] = [];
  const emulator = await startTestEmulator({
    clock: new MovableClock({ frozenAtMs: Date.parse(frozenAt) }),
    services({ environment, gateway, roles, network }) {
      const kms = createKms(environment);
      const { forServices: functions } = createLambda(environment, { gateway, roles, keys: kms, subnets: network });
      const sqs = createSqs(environment, { kms, gateway });
      const [logs, sns, ssm] = [createLogs(environment, { kms, gateway }), createSns(environment, { sqs }), createSsm(environment)];
      Object.assign(built, { kms, logs, sns, sqs, ssm });
      const data = [
        kms,
        createSecretsManager(environment, { kms, functions }),
        createDynamoDb(environment, { kms }),
        createS3(environment),
        sns,
        sqs,
        logs,
        ssm,
      ];
      resourceTypes.push(...data.flatMap((service) => service.resourceTypes));
      return data;
    },
  });
  const { kms, logs, sns, sqs, ssm } = built;
  if (!kms || !logs || !sns || !sqs || !ssm) throw new Error("startTestEmulator built no services");
  const iam = emulator.client(IAMClient);
  const keys = emulator.client(KMSClient);
  const policy = (Statement: readonly object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
  return {
    ...emulator,
    kms,
    logs,
    sns,
    sqs,
    ssm,
    async user(name, ...statements) {
      await iam.send(new CreateUserCommand({ UserName: name }));
      if (statements.length > 0) {
        await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: "test", PolicyDocument: policy(statements) }));
      }
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
      return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
    },
    async key(...statements) {
      const { KeyMetadata } = await keys.send(new CreateKeyCommand(statements.length === 0 ? {} : { Policy: policy(statements) }));
      return KeyMetadata?.Arn ?? "";
    },
    async deploy(type, properties, logicalId = "Thing") {
      const found = resourceTypes.find((candidate) => candidate.type === type);
      if (found === undefined) throw new Error(`no service has the resource type ${type}`);
      return found.create(found.properties.parse(properties), {
        stackName: "test",
        logicalId,
        generatedName: (maxLength = 255) => `test-${logicalId}-ABCDEFGHIJKL`.slice(0, maxLength),
        assetPath: () => {
          throw new Error("these resources have no assets");
        },
        tags: { stack: "test" },
      });
    },
  };
}
