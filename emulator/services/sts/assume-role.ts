// AssumeRole: the role's trust policy decides, for each thing that the caller wants to put on the session.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from "@aws-sdk/client-sts";
import { AwsError, notImplemented } from "../../aws-error.ts";
import type { Call, Environment, Operation, Permission } from "../../service.ts";
import { parseIdentityPolicy } from "../iam/policy-document.ts";
import { documentInForce, type IamStore, type Role, roleByArn } from "../iam/store.ts";
import { checkMfa, spend } from "./mfa.ts";
import { credentialsOf, issueSession } from "./sessions.ts";
import { checkSeconds, checkText, externalIdPattern, namePattern, validationError } from "./validation.ts";

const maximumPolicyCharacters = 2048;
const chainedSeconds = 3600;

export function assumeRole(of: {
  store: IamStore;
  environment: Environment;
}): Operation<AssumeRoleCommandInput, Omit<AssumeRoleCommandOutput, "$metadata">> {
  const { store, environment } = of;
  return {
    permissions(input, call) {
      checkInput(input);
      const roleArn = input.RoleArn ?? "";
      const role = roleByArn(store, roleArn);
      if (role === undefined) throw denial(call, "sts:AssumeRole", roleArn);
      const sourceIdentity = sourceIdentityOf(input, call, roleArn);
      const accepted = checkMfa(input, { store, caller: call.caller, nowMs: call.nowMs });
      const context = {
        "sts:RoleSessionName": input.RoleSessionName ?? "",
        ...(input.ExternalId !== undefined && { "sts:ExternalId": input.ExternalId }),
        ...(sourceIdentity !== undefined && { "sts:SourceIdentity": sourceIdentity }),
        ...(accepted && { "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0" }),
        ...Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ""])),
        ...(input.Tags?.length && { "aws:TagKeys": input.Tags.map(({ Key }) => Key ?? "") }),
        ...Object.fromEntries(
          [...role.tags].flatMap(([key, value]) => [
            [`iam:ResourceTag/${key}`, value],
            [`aws:ResourceTag/${key}`, value],
          ]),
        ),
      };
      const asks = (action: string): Permission => ({
        action,
        resource: role.arn,
        context,
        resourcePolicy: role.trust.document,
        resourceKind: "role-trust",
        onDenied: () => denial(call, action, role.arn),
      });
      return [
        asks("sts:AssumeRole"),
        ...(sourceIdentity === undefined ? [] : [asks("sts:SetSourceIdentity")]),
        ...(input.Tags?.length ? [asks("sts:TagSession")] : []),
      ];
    },

    run(input, call) {
      const role = roleByArn(store, input.RoleArn ?? "");
      if (role === undefined) throw denial(call, "sts:AssumeRole", input.RoleArn ?? "");
      const durationSeconds = durationOf(input, role, call);
      const policies = sessionPolicies(input, store);
      spend(checkMfa(input, { store, caller: call.caller, nowMs: call.nowMs }));
      const sourceIdentity = sourceIdentityOf(input, call, role.arn);
      const tags = {
        ...Object.fromEntries(role.tags),
        ...Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
      };
      const session = issueSession(
        {
          ...roleCaller(role, input.RoleSessionName ?? "", tags),
          session: { kind: "AssumeRole", policies, ...(sourceIdentity !== undefined && { sourceIdentity }) },
          durationSeconds,
        },
        { store, environment },
      );
      return {
        Credentials: credentialsOf(session),
        AssumedRoleUser: { Arn: session.caller.arn, AssumedRoleId: session.caller.userId },
        ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
        ...(input.Policy !== undefined && { PackedPolicySize: Math.ceil((input.Policy.length / maximumPolicyCharacters) * 100) }),
      };
    },
  };
}

/** The caller that a session of this role is, and the role's id that keeps it alive. */
export const roleCaller = (role: Role, sessionName: string, tags: Readonly<Record<string, string>>) => {
  const account = role.arn.split(":")[4] ?? "";
  return {
    caller: {
      type: "AssumedRole" as const,
      arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
      accountId: account,
      userId: `${role.id}:${sessionName}`,
      roleArn: role.arn,
      tags,
    },
    principalId: role.id,
  };
};

function checkInput(input: AssumeRoleCommandInput): void {
  if (!input.RoleArn || !/^arn:aws:iam::\d{12}:role\/.+/.test(input.RoleArn)) throw validationError(`${input.RoleArn ?? ""} is invalid`);
  if (input.RoleSessionName === undefined)
    throw validationError(
      "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    );
  checkText(input.RoleSessionName, { member: "roleSessionName", min: 2, max: 64, pattern: namePattern });
  checkText(input.ExternalId, { member: "externalId", min: 2, max: 1224, pattern: externalIdPattern });
  checkText(input.SourceIdentity, { member: "sourceIdentity", min: 2, max: 64, pattern: namePattern });
  checkText(input.Policy, { member: "policy", min: 1, max: maximumPolicyCharacters, pattern: /^[\t\n\r\u0020-\u00FF]*$/ });
  if (input.DurationSeconds !== undefined) checkSeconds(input.DurationSeconds, { member: "durationSeconds", min: 900, max: 43_200 });
  if (input.TransitiveTagKeys?.length) throw notImplemented("sts:AssumeRole TransitiveTagKeys");
  if (input.ProvidedContexts?.length) throw notImplemented("sts:AssumeRole ProvidedContexts");
}

/** A source identity stays for the whole chain: a later session takes it over and cannot change it. */
function sourceIdentityOf(input: AssumeRoleCommandInput, call: Call, roleArn: string): string | undefined {
  const inherited = call.caller.session?.sourceIdentity;
  if (inherited !== undefined && input.SourceIdentity !== undefined && input.SourceIdentity !== inherited)
    throw denial(call, "sts:SetSourceIdentity", roleArn);
  return input.SourceIdentity ?? inherited;
}

function durationOf(input: AssumeRoleCommandInput, role: Role, { caller }: Call): number {
  const seconds = input.DurationSeconds ?? chainedSeconds;
  if (caller.type === "AssumedRole" && seconds > chainedSeconds)
    throw validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  if (seconds > role.maxSessionSeconds)
    throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  return seconds;
}

function sessionPolicies(input: AssumeRoleCommandInput, store: IamStore) {
  const managed = (input.PolicyArns ?? []).map(({ arn }) => {
    const policy = store.policies.get(arn ?? "");
    if (policy === undefined) throw new AwsError("MalformedPolicyDocument", `Policy ${arn} does not exist.`);
    return documentInForce(policy).document;
  });
  return input.Policy === undefined ? managed : [parseIdentityPolicy(input.Policy).document, ...managed];
}

const denial = ({ caller }: Call, action: string, resource: string): AwsError =>
  new AwsError("AccessDenied", `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`, { statusCode: 403 });
