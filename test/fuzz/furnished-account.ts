// An account to fuzz: every service, and one of each thing, so that a request with a known name gets past "not found".

import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutRuleCommand } from "@aws-sdk/client-eventbridge";
import { CreateGroupCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateScheduleGroupCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateActivityCommand, CreateStateMachineCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { MovableClock } from "../../emulator/clock.ts";
import { type Emulator, startEmulator } from "../../emulator/start.ts";

/** What the members of inputs are given that bear such a name: what exists, and what is well-formed. */
export type Known = readonly (readonly [member: RegExp, values: readonly string[]])[];

export interface FurnishedAccount {
  readonly emulator: Emulator;
  readonly known: Known;
}

export const trustOfEverybody = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "111122223333", Service: "states.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const nothing = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "x:Y", Resource: "*" }] });
const waiting = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "W", States: { W: { Type: "Wait", Seconds: 9_000_000, End: true } } });
const passing = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "P", States: { P: { Type: "Pass", End: true } } });

/** @param of - `realTime` for clients that sign with this machine's clock; time stands still otherwise */
export async function startFurnishedAccount(of: { readonly realTime?: boolean } = {}): Promise<FurnishedAccount> {
  const clock = new MovableClock(of.realTime === true ? {} : { frozenAtMs: Date.UTC(2026, 2, 1, 9) });
  const emulator = await startEmulator({ account: "111122223333", region: "us-east-1", clock, seed: "fuzz" });
  const options = emulator.gateway.clientOptions(emulator.administrator);
  const [iam, kms, sfn] = [new IAMClient(options), new KMSClient(options), new SFNClient(options)];
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "a-role", AssumeRolePolicyDocument: trustOfEverybody }));
  await iam.send(new CreateUserCommand({ UserName: "a-user" }));
  await iam.send(new CreateGroupCommand({ GroupName: "a-group" }));
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "a-policy", PolicyDocument: nothing }));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  await kms.send(new CreateAliasCommand({ AliasName: "alias/a-key", TargetKeyId: KeyMetadata?.KeyId }));
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name: "a-machine", definition: waiting, roleArn: Role?.Arn }));
  const { activityArn } = await sfn.send(new CreateActivityCommand({ name: "an-activity" }));
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, name: "an-execution" }));
  const { TopicArn } = await new SNSClient(options).send(new CreateTopicCommand({ Name: "a-topic" }));
  const { QueueUrl } = await new SQSClient(options).send(new CreateQueueCommand({ QueueName: "a-queue" }));
  const s3 = new S3Client(options);
  await s3.send(new CreateBucketCommand({ Bucket: "a-bucket" }));
  await s3.send(new PutObjectCommand({ Bucket: "a-bucket", Key: "an-object", Body: "body" }));
  const { ARN } = await new SecretsManagerClient(options).send(new CreateSecretCommand({ Name: "a-secret", SecretString: "{}" }));
  const logs = new CloudWatchLogsClient(options);
  await logs.send(new CreateLogGroupCommand({ logGroupName: "a-log-group" }));
  await logs.send(new CreateLogStreamCommand({ logGroupName: "a-log-group", logStreamName: "a-stream" }));
  await new SSMClient(options).send(new PutParameterCommand({ Name: "/a/parameter", Value: "v", Type: "String" }));
  await new EventBridgeClient(options).send(new PutRuleCommand({ Name: "a-rule", EventPattern: '{"source": ["fuzz"]}' }));
  await new SchedulerClient(options).send(new CreateScheduleGroupCommand({ Name: "a-schedule-group" }));
  await new DynamoDBClient(options).send(
    new CreateTableCommand({
      TableName: "a-table",
      KeySchema: [{ AttributeName: "k", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "k", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const arn = (service: string, rest: string): string => `arn:aws:${service}:us-east-1:111122223333:${rest}`;
  return {
    emulator,
    known: [
      [/^(Action|actionNames)$/i, ["sts:AssumeRole", "lambda:InvokeFunction", "SendMessage"]],
      [/^(RoleArn|PolicySourceArn|executionRoleArn|jobRoleArn)$/i, [given(Role?.Arn)]],
      [/PolicyArn|PermissionsBoundary/i, [given(Policy?.Arn)]],
      [
        /^(KeyId|TargetKeyId|SourceKeyId|DestinationKeyId|KmsKeyId|SSEKMSKeyId)$/i,
        [given(KeyMetadata?.KeyId), given(KeyMetadata?.Arn), "alias/a-key"],
      ],
      [/^AliasName$/, ["alias/a-key", "alias/another"]],
      [/definition$/i, [waiting, passing]],
      [/^(PolicyDocument|Policy|ResourcePolicy|PolicyInputList)$/i, [nothing, trustOfEverybody]],
      [/^AssumeRolePolicyDocument$/, [trustOfEverybody]],
      [/^(stateMachineArn)$/, [given(stateMachineArn)]],
      [/^(executionArn)$/, [given(executionArn)]],
      [/^(activityArn)$/, [given(activityArn)]],
      [
        /^(resourceArn|resourceName)$/i,
        [given(stateMachineArn), given(KeyMetadata?.Arn), arn("dynamodb", "table/a-table"), arn("logs", "log-group:a-log-group")],
      ],
      [/^(TopicArn|TargetArn|SubscriptionArn)$/, [given(TopicArn)]],
      [/^QueueUrl$/, [given(QueueUrl)]],
      [/^(Endpoint)$/, [arn("sqs", "a-queue"), "somebody@example.com"]],
      [/^Protocol$/, ["sqs", "email"]],
      [/^SecretId$/, [given(ARN), "a-secret"]],
      [/^SecretString$/, ["{}"]],
      [/^Bucket$/, ["a-bucket"]],
      [/^Key$/, ["an-object"]],
      [/^CopySource$/, ["a-bucket/an-object"]],
      [/^TableName$/, ["a-table"]],
      [/^AttributeKey$/, ["EventName", "ReadOnly", "Username", "ResourceName"]],
      [/^AttributeValue$/, ["CreateRole", "true", "administrator"]],
      [/^(AttributeName|AttributesToGet|ProjectionExpression)$/, ["k"]],
      [/^(ComparisonOperator)$/, ["EQ"]],
      [/^(AttributeType)$/, ["S"]],
      [/^KeyType$/, ["HASH"]],
      [/^(KeyConditionExpression|FilterExpression|ConditionExpression)$/, ["k = :v"]],
      [/^UpdateExpression$/, ["SET a = :v"]],
      [/^ExpressionAttributeValues$/, [":v"]],
      [/^ReturnValues$/, ["ALL_OLD", "NONE"]],
      [/^BillingMode$/, ["PAY_PER_REQUEST"]],
      [/^(logGroupName)$/, ["a-log-group"]],
      [/^(logGroupIdentifier)$/, [arn("logs", "log-group:a-log-group")]],
      [/^(logStreamName|logStreamNames)$/, ["a-stream"]],
      [/^(ScheduleExpression)$/i, ["rate(5 minutes)", "at(2026-04-01T00:00:00)", "cron(0 9 * * ? *)"]],
      [/^(GroupName)$/, ["a-group", "a-schedule-group"]],
      [/^UserName$/, ["a-user"]],
      [/^RoleName$/, ["a-role"]],
      [/^(Names?|Name|name)$/, ["a-name", "/a/parameter", "a-schedule", "a-machine", "a-rule"]],
      [/^Mode$/, ["OFF"]],
      [/^State$|^Status$/i, ["ENABLED", "DISABLED", "Active", "Suspended", "Enabled"]],
      [/^Type$/i, ["String", "STANDARD", "container"]],
      [/^(EncryptionContext|Attributes)$/, ["run", "Policy"]],
      [/^(eventPattern)$/i, ['{"source": ["aws.batch"]}', '{"detail": {"a": [{"anything-but": {"wildcard": "a*b"}}, {"exists": false}]}}']],
      [/^(Rule)$/, ["a-rule"]],
      [/^(Source)$/, ["fuzz"]],
      [/^(Detail|InputTemplate)$/, ['{"a": "b"}', '"<a> text"', '{"a": <a>}']],
      [/^(InputPath|InputPathsMap)$/, ["$.detail", "$.detail.a[0]", "$"]],
      [
        /^Event$/,
        ['{"id":"1","account":"1","source":"aws.batch","time":"t","region":"r","resources":[],"detail-type":"t","detail":{"a":["acb"]}}'],
      ],
      [/^(Arn)$/, [arn("lambda", "function:a-function"), given(stateMachineArn)]],
      [/^(input|output|Message|MessageBody)$/i, ["{}", '{"a": 1}']],
      [/Tags?$|TagKeys$/i, ["a", "b"]],
      [/Encoding|Version|Marker|Token|Id$/i, ["url", "none", "1"]],
    ],
  };
}

function given(value: string | undefined): string {
  if (value === undefined) throw new Error("the furnished account lacks what AWS always answers");
  return value;
}
