// An account with EventBridge, Scheduler and what they deliver to: functions that note what they got, and a state machine.

import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { AddPermissionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { MovableClock } from "../../../emulator/clock.ts";
import type { EventDelivery } from "../../../emulator/services/events/delivery.ts";
import type { BusEvent } from "../../../emulator/services/events/event.ts";
import { createEvents, type Events } from "../../../emulator/services/events.ts";
import { createLambda, type Lambda } from "../../../emulator/services/lambda.ts";
import { createS3 } from "../../../emulator/services/s3.ts";
import { createScheduler, type Scheduler } from "../../../emulator/services/scheduler.ts";
import { createStates } from "../../../emulator/services/states.ts";
import { type Statement, startWorkloadAccount, type WorkloadAccount, writeLogs } from "../processes/workload-account.ts";

export const arn = (service: string, rest: string): string => `arn:aws:${service}:us-east-1:111122223333:${rest}`;
export const ruleArn = (name: string): string => arn("events", `rule/${name}`);
export const functionArn = (name: string): string => arn("lambda", `function:${name}`);
export const machineArn = (name: string): string => arn("states", `stateMachine:${name}`);
export const queueArn = (name: string): string => arn("sqs", name);

export interface EventsAccount extends WorkloadAccount {
  readonly events: Events;
  readonly lambda: Lambda;
  readonly scheduler: Scheduler;
  readonly onBus: readonly BusEvent[];
  readonly deliveries: readonly EventDelivery[];
  readonly sfn: SFNClient;
  /** Creates a function that logs the event it gets; rules named in `allows` may invoke it. */
  addFunction(name: string, of?: { allows?: readonly string[] }): Promise<void>;
  /** The events that such functions got, oldest first. */
  received(name: string): Promise<unknown[]>;
  addMachine(name: string, states: object, of?: { keyId?: string; statements?: readonly Statement[] }): Promise<string>;
  /** Creates a queue into which the rules named may put dead letters. */
  addQueue(name: string, of: { allows: readonly string[] }): Promise<void>;
  deadLetters(name: string): Promise<Message[]>;
  /** Settles when nothing is under way: no delivery, and no function that got one. */
  settled(): Promise<void>;
}

const code = 'export const handler = async (event) => console.log("GOT", JSON.stringify(event));';

export async function startEventsAccount(clock: MovableClock = new MovableClock()): Promise<EventsAccount> {
  const made: { events?: Events; lambda?: Lambda; scheduler?: Scheduler } = {};
  const onBus: BusEvent[] = [];
  const deliveries: EventDelivery[] = [];
  const account = await startWorkloadAccount(
    ({ environment, gateway, roles, kms: keys, sqs, network: subnets }) => {
      const lambda = createLambda(environment, { gateway, roles, keys, subnets });
      const events = createEvents(environment, {
        gateway,
        roles,
        lambda,
        sqs,
        onEvent: (event) => onBus.push(event),
        onEventDelivery: (delivery) => deliveries.push(delivery),
      });
      const scheduler = createScheduler(environment, { gateway, roles });
      const states = createStates(environment, {
        gateway,
        roles,
        keys,
        jobs: { onJobState: () => () => undefined },
        publish: events.publish,
      });
      Object.assign(made, { events, lambda, scheduler });
      return [states, createS3(environment, { publish: events.publish }), lambda, events, scheduler];
    },
    { clock },
  );
  const { events, lambda, scheduler } = made;
  if (events === undefined || lambda === undefined || scheduler === undefined) throw new Error("the account started without its services");
  const sfn = account.client(SFNClient);
  const sqs = account.client(SQSClient);
  const functions = account.client(LambdaClient);
  const folder = await account.folder({ "index.mjs": code });
  const functionRole = await account.role("FunctionRole", { service: "lambda.amazonaws.com", statements: [writeLogs] });
  const queueUrl = (name: string): string => `https://sqs.us-east-1.amazonaws.com/111122223333/${name}`;
  const settled = async (): Promise<void> => {
    do {
      await Promise.all([events.idle(), scheduler.idle(), lambda.idle()]);
      await new Promise((resolve) => setImmediate(resolve));
    } while (!(events.isIdle && scheduler.isIdle && lambda.isIdle));
  };
  return {
    ...account,
    events,
    lambda,
    scheduler,
    onBus,
    deliveries,
    sfn,
    async addFunction(name, { allows = [] } = {}) {
      await account.logsClient.send(new CreateLogGroupCommand({ logGroupName: `/aws/lambda/${name}` }));
      await account.create("AWS::Lambda::Function", {
        FunctionName: name,
        Handler: "index.handler",
        Code: { S3Bucket: "assets", S3Key: folder },
        Role: functionRole,
        Runtime: "nodejs24.x",
      });
      for (const rule of allows) {
        await functions.send(
          new AddPermissionCommand({
            FunctionName: name,
            StatementId: rule,
            Action: "lambda:InvokeFunction",
            Principal: "events.amazonaws.com",
            SourceArn: ruleArn(rule),
            SourceAccount: "111122223333",
          }),
        );
      }
    },
    async received(name) {
      await settled();
      await lambda.logsFlushed();
      const { events: lines = [] } = await account.logsClient.send(
        new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: "GOT" }),
      );
      return lines.map(({ message = "" }) => JSON.parse(message.slice(message.indexOf("GOT ") + 4)));
    },
    async addMachine(name, states, { keyId, statements = [] } = {}) {
      const roleArn = await account.role(`Machine-${name}`, { service: "states.amazonaws.com", statements });
      const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: Object.keys(states)[0], States: states });
      const encryptionConfiguration = keyId === undefined ? undefined : { type: "CUSTOMER_MANAGED_KMS_KEY" as const, kmsKeyId: keyId };
      const { stateMachineArn = "" } = await sfn.send(
        new CreateStateMachineCommand({ name, definition, roleArn, ...(encryptionConfiguration && { encryptionConfiguration }) }),
      );
      return stateMachineArn;
    },
    async addQueue(name, { allows }) {
      await sqs.send(new CreateQueueCommand({ QueueName: name }));
      const Statement = {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: queueArn(name),
        Condition: { ArnEquals: { "aws:SourceArn": allows.map(ruleArn) } },
      };
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      if (allows.length > 0) await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl(name), Attributes: { Policy } }));
    },
    async deadLetters(name) {
      await settled();
      const command = new ReceiveMessageCommand({ QueueUrl: queueUrl(name), MessageAttributeNames: ["All"], MaxNumberOfMessages: 10 });
      return (await sqs.send(command)).Messages ?? [];
    },
    settled,
  };
}
