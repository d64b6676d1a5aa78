// The global condition keys of a call, as AWS's documentation says they are set.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

import type { Caller, Origin } from "../service.ts";
import type { EndpointRoute } from "./identities.ts";

export type ContextValues = Record<string, string | readonly string[]>;

/** Account of an ARN; `account` where the ARN has none (S3) or there is no ARN. */
export const accountOfResource = (resource: string, account: string): string => {
  const segment = resource.split(":")[4];
  return segment !== undefined && /^\d{12}$/.test(segment) ? segment : account;
};

/** What `aws:PrincipalArn` shows: the user, or the role itself and not its session. */
const principalArn = (caller: Caller): string => caller.roleArn ?? caller.arn;

export function requestContext(of: {
  caller: Caller;
  origin: Origin;
  endpoint: EndpointRoute | undefined;
  calledVia: readonly string[];
  nowMs: number;
  region: string;
  account: string;
  action: string;
  resource: string;
}): ContextValues {
  const { caller, calledVia, nowMs, region } = of;
  return {
    "aws:PrincipalArn": principalArn(caller),
    "aws:PrincipalAccount": caller.accountId,
    "aws:PrincipalType": caller.type === "Root" ? "Account" : caller.type,
    "aws:PrincipalIsAWSService": "false",
    "aws:userid": caller.userId,
    ...(caller.userName !== undefined && { "aws:username": caller.userName }),
    ...Object.fromEntries(Object.entries(caller.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    ...sessionContext(caller, nowMs),
    ...timeContext(nowMs),
    "aws:RequestedRegion": region,
    // The loopback listener stands for AWS's TLS endpoints.
    "aws:SecureTransport": "true",
    "aws:ResourceAccount": accountOfResource(of.resource, of.account),
    "aws:ViaAWSService": String(calledVia.length > 0),
    // A service's own call comes from the service's network, not from the caller's.
    ...(calledVia.length === 0 ? networkContext(of.origin, of.endpoint) : viaContext(calledVia, of.action, region)),
  };
}

export const timeContext = (nowMs: number): ContextValues => ({
  "aws:CurrentTime": new Date(nowMs).toISOString().replace(/\.\d{3}/, ""),
  "aws:EpochTime": String(Math.floor(nowMs / 1000)),
});

/** MFA keys are absent for long-term keys; sessions without MFA say `false`. */
function sessionContext({ session }: Caller, nowMs: number): ContextValues {
  if (session === undefined) return {};
  return {
    "aws:TokenIssueTime": new Date(session.issuedAtMs).toISOString().replace(/\.\d{3}/, ""),
    "aws:MultiFactorAuthPresent": String(session.mfaAtMs !== undefined),
    ...(session.mfaAtMs !== undefined && { "aws:MultiFactorAuthAge": String(Math.floor((nowMs - session.mfaAtMs) / 1000)) }),
    ...(session.sourceIdentity !== undefined && { "aws:SourceIdentity": session.sourceIdentity }),
  };
}

function networkContext({ vpc, sourceIp }: Origin, endpoint: EndpointRoute | undefined): ContextValues {
  if (vpc === undefined || endpoint === undefined) return { "aws:SourceIp": sourceIp };
  return { "aws:SourceVpc": vpc.vpcId, "aws:SourceVpce": endpoint.vpcEndpointId, "aws:VpcSourceIp": vpc.ip };
}

function viaContext(calledVia: readonly string[], action: string, region: string): ContextValues {
  const [first, last] = [calledVia[0], calledVia.at(-1)];
  if (first === undefined || last === undefined) return {};
  return {
    "aws:CalledVia": calledVia,
    "aws:CalledViaFirst": first,
    "aws:CalledViaLast": last,
    ...(action.startsWith("kms:") && { "kms:ViaService": last.replace(".amazonaws.com", `.${region}.amazonaws.com`) }),
  };
}
