// What every message to people is made of: a subject that SNS takes, facts that line up, and the ways to an execution.

import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";

export interface Notification {
  /** At most 100 printable ASCII characters, as SNS wants it. */
  readonly subject: string;
  readonly message: string;
}

export type Publish = (notification: Notification) => Promise<void>;

export const publishTo =
  (sns: SNSClient, TopicArn: string): Publish =>
  async ({ subject: Subject, message: Message }) => {
    await sns.send(new PublishCommand({ TopicArn, Subject, Message }));
  };

const subjectMaxLength = 100;

export function subjectLine(text: string): string {
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, "?");
  return ascii.length <= subjectMaxLength ? ascii : `${ascii.slice(0, subjectMaxLength - 3)}...`;
}

export const factLines = (facts: readonly (readonly [name: string, value: string])[]): readonly string[] =>
  facts.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`);

/** `2026-11-21 12:30 UTC`. */
export const utc = (iso: string): string => `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;

export const regionOf = (arn: string): string => arn.split(":")[3] ?? "";

/** An execution's page. Source: the console's own addresses, per partition. */
export function consoleUrl(arn: string): string {
  const region = regionOf(arn);
  const partition = arn.split(":")[1];
  const host =
    partition === "aws-cn"
      ? "console.amazonaws.cn"
      : partition === "aws-us-gov"
        ? "console.amazonaws-us-gov.com"
        : "console.aws.amazon.com";
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${arn}`;
}
