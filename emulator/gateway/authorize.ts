// The one place where policies meet a call: every permission that an operation asks for is evaluated here.

import { evaluate } from "../../policy/evaluate.ts";
import type { Decision, PolicyType } from "../../policy/request.ts";
import { AwsError } from "../aws-error.ts";
import type { Caller, Origin, Permission, Service } from "../service.ts";
import type { CallerPolicies, EndpointRoute } from "./identities.ts";
import { accountOfResource, requestContext, timeContext } from "./request-context.ts";

export interface Asked {
  readonly caller: Caller;
  readonly policies: CallerPolicies;
  readonly origin: Origin;
  readonly endpoint: EndpointRoute | undefined;
  readonly calledVia: readonly string[];
  readonly nowMs: number;
  readonly region: string;
  readonly account: string;
  /** Code of the error that a refusal throws. */
  readonly code: string;
}

/** The code of a refusal in a service's protocol; SNS has one of its own. */
export const deniedCode = (protocol: Service["protocol"], endpointName: string): string => {
  if (endpointName === "sns") return "AuthorizationError";
  return protocol === "awsQuery" || protocol === "restXml" ? "AccessDenied" : "AccessDeniedException";
};

/** Throws the access-denied error, in AWS's words, unless the caller's policies and the resource's allow the permission. */
export function authorizePermission(permission: Permission, asked: Asked): void {
  const decision = decide(permission, asked);
  if (decision.allowed) return;
  const { action, resource } = permission;
  const message = `User: ${asked.caller.arn} is not authorized to perform: ${action}${resource === "*" ? "" : ` on resource: ${resource}`} ${becauseOf(decision, action)}`;
  throw refusal(permission, new AwsError(asked.code, message, { statusCode: 403 }));
}

export const isAuthorized = (permission: Permission, asked: Asked): boolean => decide(permission, asked).allowed;

function decide(permission: Permission, asked: Asked): Decision {
  const { caller, policies, endpoint, account } = asked;
  const { action, resource } = permission;
  return evaluate({
    principal: {
      arn: caller.arn,
      accountId: caller.accountId,
      userId: caller.userId,
      tags: caller.tags,
      ...(caller.roleArn !== undefined && { roleArn: caller.roleArn }),
    },
    action,
    resource,
    resourceAccountId: accountOfResource(resource, account),
    context: { ...requestContext({ ...asked, action, resource }), ...permission.context },
    identityPolicies: policies.identity,
    resourcePolicy: permission.resourcePolicy,
    permissionsBoundaries: policies.boundaries,
    sessionPolicies: caller.session?.policies,
    // An endpoint judges the caller's own call, not those that services then make inside AWS.
    vpcEndpointPolicy: asked.calledVia.length === 0 ? endpoint?.policy : undefined,
    resourceKind: permission.resourceKind,
  });
}

/** Whatever the caller is allowed, so that the endpoint's policy alone decides. */
const anything: CallerPolicies = {
  identity: [{ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } }],
  boundaries: [],
};

/** An operation that needs no permission (`sts:GetSessionToken`) still has to get through the endpoint. */
export function authorizePassage(action: string, asked: Asked): void {
  const { session: _, ...caller } = asked.caller;
  if (asked.endpoint?.policy !== undefined) authorizePermission({ action, resource: "*" }, { ...asked, caller, policies: anything });
}

/** The same for a service principal, which only a resource's own policy can allow. */
export function authorizeServicePrincipal(
  permission: Permission,
  of: { service: string; sourceArn: string; account: string; region: string; nowMs: number },
): void {
  const { action, resource } = permission;
  const decision = evaluate({
    principal: { arn: of.service, accountId: of.account, type: "Service" },
    action,
    resource,
    resourceAccountId: accountOfResource(resource, of.account),
    context: {
      "aws:PrincipalIsAWSService": "true",
      "aws:PrincipalServiceName": of.service,
      "aws:SourceArn": of.sourceArn,
      "aws:SourceAccount": accountOfResource(of.sourceArn, of.account),
      "aws:RequestedRegion": of.region,
      "aws:ResourceAccount": accountOfResource(resource, of.account),
      "aws:SecureTransport": "true",
      "aws:ViaAWSService": "false",
      ...timeContext(of.nowMs),
      ...permission.context,
    },
    identityPolicies: [],
    resourcePolicy: permission.resourcePolicy,
    resourceKind: permission.resourceKind,
  });
  if (decision.allowed) return;
  const message = `User: ${of.service} is not authorized to perform: ${action} on resource: ${resource} ${becauseOf(decision, action)}`;
  throw refusal(permission, new AwsError("AccessDeniedException", message, { statusCode: 403 }));
}

const refusal = (permission: Permission, error: AwsError): Error => permission.onDenied?.(error) ?? error;

const policyNames: Readonly<Record<PolicyType, readonly [article: string, name: string]>> = {
  "identity-policy": ["an", "identity-based policy"],
  "resource-policy": ["a", "resource-based policy"],
  "permissions-boundary": ["a", "permissions boundary"],
  "session-policy": ["a", "session policy"],
  "service-control-policy": ["a", "service control policy"],
  "vpc-endpoint-policy": ["a", "VPC endpoint policy"],
};

/** The tail that AWS adds: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function becauseOf(decision: Decision, action: string): string {
  if (decision.reason === "explicit-deny") {
    const [article, name] = policyNames[decision.decidedBy?.policyType ?? "identity-policy"];
    return `with an explicit deny in ${article} ${name}`;
  }
  const [, name] = policyNames[decision.missingAllow ?? "identity-policy"];
  return `because no ${name} allows the ${action} action`;
}
