// The account under attack: everything deployed, a job beside the catalogue's, and a way to hold the credentials of any of its principals.

import { AssumeRoleCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { type AccountWatchers, type PopulatedAccount, startPopulatedAccount } from "../../cli/local/local-account.ts";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import {
  jobRoleName,
  launcherRoleName,
  recordScheduleGroupName,
  roleNames,
  scheduleGroupName,
  stateMachineName,
} from "../../core/naming.ts";
import type { Credentials, Origin } from "../../emulator/service.ts";
import config from "../../keyturn.config.ts";

export type Deployed = PopulatedAccount & {
  readonly stateMachineArn: string;
  /** `arn:aws:<service>:<region>:<account>:<rest>`. */
  arn(service: string, rest: string): string;
  roleArn(name: string): string;
};

/** Whoever could be stolen: every role, every person. Names as in the design. */
export const principals = [
  roleNames.stateMachine,
  roleNames.invokeAdmitRun,
  roleNames.invokeRequestMfa,
  roleNames.invokeValidateMfa,
  roleNames.invokeRetrieveCredentials,
  roleNames.invokeAuthorizeSubmission,
  roleNames.runJob,
  roleNames.admitRun,
  roleNames.requestMfa,
  roleNames.validateMfa,
  roleNames.retrieveCredentials,
  roleNames.authorizeSubmission,
  roleNames.announceEnd,
  roleNames.recordRun,
  roleNames.sweepRecords,
  roleNames.scheduler,
  roleNames.startScheduledRun,
  roleNames.startEventRun,
  roleNames.jobExecution,
  roleNames.flowLogs,
  launcherRoleName("credential-report"),
  launcherRoleName("disable-access-key"),
  launcherRoleName("announce"),
  jobRoleName("credential-report"),
  jobRoleName("disable-access-key"),
  jobRoleName("announce"),
  roleNames.rotateAdminKey,
  roleNames.iamAdmin,
  roleNames.reportReader,
  "operator",
  "auditor",
  "alice",
  "alice with MFA",
  "bob",
  "bob with MFA",
] as const;

export type Principal = (typeof principals)[number];

/** @param of.changed - gives the assembly to deploy in place of the synthesised one */
export async function startAttackedAccount(
  of: AccountWatchers & { changed?: (assembly: string) => Promise<string> } = {},
): Promise<Deployed> {
  const { changed = async (assembly: string) => assembly, ...watchers } = of;
  const app = { file: "test/fixtures/two-jobs/app.ts", alsoReads: ["test/fixtures/two-jobs"] };
  const { assembly } = await synthesise(repositoryRoot, { app });
  const local = await startPopulatedAccount(config, { port: 0, assembly: await changed(assembly), ...watchers });
  const { region, account } = local;
  return {
    ...local,
    stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${stateMachineName}`,
    arn: (service, rest) => `arn:aws:${service}:${region}:${account}:${rest}`,
    roleArn: (name) => `arn:aws:iam::${account}:role/${name}`,
  };
}

const executionRoles: readonly string[] = [
  roleNames.admitRun,
  roleNames.requestMfa,
  roleNames.validateMfa,
  roleNames.retrieveCredentials,
  roleNames.authorizeSubmission,
  roleNames.rotateAdminKey,
  roleNames.announceEnd,
  roleNames.recordRun,
  roleNames.startScheduledRun,
  roleNames.startEventRun,
];

/** Credentials as the principal itself would hold them, got the way it gets them. */
export async function stolen(principal: Principal, at: Deployed): Promise<Credentials> {
  switch (principal) {
    case "operator":
    case "auditor":
      return at.people[principal];
    case "alice":
    case "bob":
      return longTermKey(principal, at);
    case "alice with MFA":
      return mfaSession("alice", at);
    case "bob with MFA":
      return mfaSession("bob", at);
    case roleNames.iamAdmin:
      return assume(at.people.iamAdmin.session, { role: at.people.iamAdmin.roleArn }, at);
    case roleNames.reportReader:
      return assume(at.people.reportReader.session, { role: at.people.reportReader.roleArn }, at);
    case jobRoleName("credential-report"):
      return jobSession("alice", "credential-report", at);
    case jobRoleName("disable-access-key"):
      return jobSession("bob", "disable-access-key", at);
    case jobRoleName("announce"):
      return jobSession("bob", "announce", at);
    default:
      return principal.startsWith("Invoke") || principal === roleNames.runJob
        ? taskRoleSession(principal, at)
        : serviceSession(principal, at);
  }
}

/** Roles that a service takes on. */
async function serviceSession(role: string, at: Deployed): Promise<Credentials> {
  const roleArn = at.roleArn(role);
  const [service, sourceArn] = executionRoles.includes(role)
    ? ["lambda.amazonaws.com", at.arn("lambda", "function:keyturn")]
    : role === roleNames.stateMachine
      ? ["states.amazonaws.com", at.stateMachineArn]
      : role === roleNames.scheduler
        ? ["scheduler.amazonaws.com", at.arn("scheduler", `schedule-group/${scheduleGroupName}`)]
        : role === roleNames.sweepRecords
          ? ["scheduler.amazonaws.com", at.arn("scheduler", `schedule-group/${recordScheduleGroupName}`)]
          : role === roleNames.flowLogs
            ? ["vpc-flow-logs.amazonaws.com", at.arn("ec2", "vpc-flow-log/fl-0123456789abcdef0")]
            : ["ecs-tasks.amazonaws.com", at.arn("ecs", "task/keyturn/0123456789abcdef")];
  return at.emulator.roles.assumeAsService({ service, roleArn, sessionName: "stolen", sourceArn });
}

async function taskRoleSession(role: string, at: Deployed): Promise<Credentials> {
  const machine = await serviceSession(roleNames.stateMachine, at);
  return assume(machine, { role: at.roleArn(role), ExternalId: at.stateMachineArn }, at);
}

/** What the admin's secret holds: read as the one role that may. */
export async function longTermKey(admin: string, at: Deployed): Promise<Credentials> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  const secrets = signedIn(SecretsManagerClient, await serviceSession(roleNames.validateMfa, at), at);
  const { SecretString = "" } = await secrets.send(new GetSecretValueCommand({ SecretId: `keyturn/admins/${admin}` }));
  const { accessKeyId, secretAccessKey } = JSON.parse(SecretString) as Credentials;
  return { accessKeyId, secretAccessKey };
}

/** A session opened with the admin's code of now; the clock then moves on, so that the next one has a code of its own. */
export async function mfaSession(admin: string, at: Deployed): Promise<Credentials> {
  const enrolled = at.admins.get(admin);
  if (enrolled === undefined) throw new Error(`${admin} is not enrolled`);
  const sts = signedIn(STSClient, await longTermKey(admin, at), at);
  const TokenCode = enrolled.authenticator.code();
  await at.emulator.clock.advance(30_000);
  const { Credentials: issued } = await sts.send(
    new GetSessionTokenCommand({ SerialNumber: enrolled.device.serialNumber, TokenCode, DurationSeconds: 900 }),
  );
  return held(issued);
}

/** The whole role: a run's own session is narrower where its job declares a session policy. */
async function jobSession(admin: string, job: string, at: Deployed): Promise<Credentials> {
  const session = await mfaSession(admin, at);
  return withInterface("retrieve-credentials", at, (origin) =>
    assume(session, { role: at.roleArn(jobRoleName(job)), SourceIdentity: admin }, at, origin),
  );
}

export async function assume(
  credentials: Credentials,
  of: { role: string; ExternalId?: string; SourceIdentity?: string; DurationSeconds?: number },
  at: Deployed,
  origin?: Origin,
): Promise<Credentials> {
  const { role: RoleArn, ...rest } = of;
  const sts = new STSClient(at.emulator.gateway.clientOptions(credentials, origin));
  const { Credentials: issued } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "stolen", ...rest }));
  return held(issued);
}

/** Does `act` from a network interface in the subnets of a Lambda, with that Lambda's security groups. */
export async function withInterface<Result>(task: string, at: Deployed, act: (origin: Origin) => Promise<Result>): Promise<Result> {
  const { GetFunctionConfigurationCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const lambda = signedIn(LambdaClient, at.administrator, at);
  const { VpcConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: `keyturn-${task}` }));
  const subnet = VpcConfig?.SubnetIds?.[0];
  if (subnet === undefined) throw new Error(`${task} is not in a VPC`);
  const attached = at.emulator.network.attach(subnet, VpcConfig?.SecurityGroupIds);
  try {
    const { vpcId, subnetId, ip } = attached;
    return await act({ sourceIp: ip, vpc: { vpcId, subnetId, ip } });
  } finally {
    attached.release();
  }
}

function held(
  issued: { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined } | undefined,
): Credentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = issued ?? {};
  if (!accessKeyId || !secretAccessKey || !sessionToken) throw new Error("STS answered without credentials");
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** How an attempt ended: the name of AWS's refusal, or what it gave. */
export async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "allowed",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}
