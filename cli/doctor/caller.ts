// Who asks, for how long, where, and by which clock.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import config from "../../keyturn.config.ts";
import type { AwsSession } from "../aws-session.ts";
import { duration } from "../terminal.ts";
import type { Finding } from "./finding.ts";

/** A look around takes seconds, a run with its question a few minutes. */
const soonMs = 15 * 60_000;

export async function checkCredentials({ caller, options, nowMs }: Pick<AwsSession, "caller" | "options" | "nowMs">): Promise<Finding> {
  const check = "credentials";
  const { expiration } = await options.credentials();
  const found = `${caller.arn}, account ${caller.account}`;
  if (expiration === undefined) return { check, standing: "ok", found };
  const leftMs = Math.max(0, expiration.getTime() - nowMs());
  const until = `${found}, for another ${duration(leftMs)}`;
  return leftMs >= soonMs
    ? { check, standing: "ok", found: until }
    : { check, standing: "warning", found: until, wayOut: "sign in again: aws sso login, or aws login" };
}

/** The CDK deploys to the configuration's region, and `keyturn` looks there; the AWS CLI goes by its own. */
export async function checkRegion({ options: { region } }: Pick<AwsSession, "options">): Promise<Finding> {
  const check = "region";
  if (region !== config.region) {
    const found = `you ask about ${region}, and keyturn.config.ts deploys to ${config.region}`;
    return { check, standing: "warning", found, wayOut: "leave out --region" };
  }
  const ofAwsCli = await regionOfAwsCli();
  if (ofAwsCli === undefined || ofAwsCli === region) return { check, standing: "ok", found: region };
  return {
    check,
    standing: "warning",
    found: `${region} by keyturn.config.ts, but the AWS CLI would ask ${ofAwsCli}`,
    wayOut: `export AWS_REGION=${region}`,
  };
}

/** From the environment or the profile, as every SDK reads it. */
async function regionOfAwsCli(): Promise<string | undefined> {
  const sts = new STSClient({});
  try {
    return await sts.config.region();
  } catch (error) {
    if (error instanceof Error && error.message === "Region is missing") return undefined;
    throw error;
  } finally {
    sts.destroy();
  }
}

/** A code holds for half a minute, and AWS takes it one step early or late: half of that is left for whoever types it. */
const tolerableSkewMs = 15_000;

const setTheClock: Partial<Record<NodeJS.Platform, string>> = {
  linux: "sudo timedatectl set-ntp true",
  darwin: "sudo sntp -sS time.apple.com",
  win32: "w32tm /resync",
};

export async function checkClock({ options, isLocal }: AwsSession): Promise<Finding> {
  const check = "clock";
  const skewMs = await clockSkewMs(options);
  if (skewMs === undefined) return { check, standing: "cannot tell", found: "STS's answer carried no date" };
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const apart = seconds === 0 ? "with AWS's" : `${seconds} s ${skewMs < 0 ? "behind" : "ahead of"} AWS's`;
  if (Math.abs(skewMs) < tolerableSkewMs) return { check, standing: "ok", found: apart };
  return {
    check,
    standing: "warning",
    found: `${apart}: one-time codes made on this machine are refused, for they hold 30 s`,
    wayOut: isLocal
      ? "the local account's clock was moved: start it anew (keyturn local start)"
      : (setTheClock[process.platform] ?? "set this machine's clock by a time server"),
  };
}

/** This machine's clock less AWS's, to about a second: that is as fine as the answer's date is. */
async function clockSkewMs(options: AwsSession["options"]): Promise<number | undefined> {
  const sts = new STSClient(options);
  let dated: string | undefined;
  sts.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      dated = (result.response as { headers?: Record<string, string> }).headers?.["date"];
      return result;
    },
    { step: "deserialize", name: "keyturnReadDate" },
  );
  try {
    // The first answer waits for credentials and a connection; the second's time on the way is short.
    await sts.send(new GetCallerIdentityCommand({}));
    const askedAtMs = Date.now();
    await sts.send(new GetCallerIdentityCommand({}));
    const answeredAtMs = Date.now();
    const awsMs = dated === undefined ? Number.NaN : Date.parse(dated) + 500;
    return Number.isNaN(awsMs) ? undefined : (askedAtMs + answeredAtMs) / 2 - awsMs;
  } finally {
    sts.destroy();
  }
}
