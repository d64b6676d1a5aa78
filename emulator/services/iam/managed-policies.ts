// Customer managed policies and their versions.

import type {
  CreatePolicyCommandInput,
  CreatePolicyVersionCommandInput,
  DeletePolicyCommandInput,
  DeletePolicyVersionCommandInput,
  GetPolicyCommandInput,
  GetPolicyVersionCommandInput,
  ListPoliciesCommandInput,
  ListPolicyVersionsCommandInput,
  SetDefaultPolicyVersionCommandInput,
} from "@aws-sdk/client-iam";
import { AwsError } from "../../aws-error.ts";
import { arnOf, ask, type IamAccount, nameTaken, operation, policyOf, resourceTagContext, tagContext, tagList, tagMap } from "./account.ts";
import { checkedName, checkedPath, limitExceeded, noSuch, quotaExceeded, required } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { parseIdentityPolicy } from "./policy-document.ts";
import type { ManagedPolicy, PolicyVersion } from "./store.ts";

const versionsPerPolicy = 5;
const policyCharacters = 6144;

export function createPolicy(iam: IamAccount, input: CreatePolicyCommandInput): ManagedPolicy {
  const name = checkedName(input.PolicyName, { member: "policyName", max: 128 });
  const path = checkedPath(input.Path);
  if (
    nameTaken(
      [...iam.store.policies.values()].map((policy) => policy.name),
      name,
    )
  )
    throw new AwsError("EntityAlreadyExists", `A policy called ${name} already exists. Duplicate names are not allowed.`, {
      statusCode: 409,
    });
  const createdAtMs = iam.environment.clock.now();
  const policy: ManagedPolicy = {
    name,
    path,
    id: iam.environment.uniqueId("ANPA"),
    arn: arnOf(iam, "policy", path, name),
    createdAtMs,
    description: input.Description ?? "",
    tags: tagMap(input.Tags),
    versions: new Map([["v1", versionOf(input.PolicyDocument, "v1", createdAtMs)]]),
    defaultVersionId: "v1",
    nextVersion: 2,
    updatedAtMs: createdAtMs,
  };
  iam.store.policies.set(policy.arn, policy);
  return policy;
}

function versionOf(text: string | undefined, versionId: string, createdAtMs: number): PolicyVersion {
  const stored = parseIdentityPolicy(required(text, "policyDocument"));
  if (stored.text.replace(/\s/g, "").length > policyCharacters) throw quotaExceeded("PolicySize", policyCharacters);
  return { ...stored, versionId, createdAtMs };
}

/** Where a policy hangs: on users, groups and roles, and as a boundary. */
export const usesOf = ({ store }: IamAccount, arn: string) => ({
  holders: [...store.users.values(), ...store.groups.values(), ...store.roles.values()].filter(({ attached }) => attached.has(arn)),
  bounded: [...store.users.values(), ...store.roles.values()].filter(({ boundaryArn }) => boundaryArn === arn),
});

const policyView = (iam: IamAccount, policy: ManagedPolicy) => {
  const { holders, bounded } = usesOf(iam, policy.arn);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: holders.length,
    PermissionsBoundaryUsageCount: bounded.length,
    IsAttachable: true,
    CreateDate: new Date(policy.createdAtMs),
    UpdateDate: new Date(policy.updatedAtMs),
  };
};

const versionView = (policy: ManagedPolicy, version: PolicyVersion, options: { document: boolean }) => ({
  VersionId: version.versionId,
  IsDefaultVersion: version.versionId === policy.defaultVersionId,
  CreateDate: new Date(version.createdAtMs),
  ...(options.document && { Document: encodeURIComponent(version.text) }),
});

function existingVersion(policy: ManagedPolicy, versionId: string | undefined): PolicyVersion {
  const version = policy.versions.get(required(versionId, "versionId"));
  if (version === undefined) throw noSuch(`Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`);
  return version;
}

export const managedPolicyOperations = (iam: IamAccount) => {
  const onPolicy = (action: string, arn: string | undefined) => [
    ask(action, arn ?? "*", resourceTagContext(iam.store.policies.get(arn ?? "")?.tags)),
  ];
  return {
    CreatePolicy: operation<CreatePolicyCommandInput>({
      permissions: (input) => [
        ask("CreatePolicy", arnOf(iam, "policy", input.Path ?? "/", input.PolicyName ?? ""), tagContext(input.Tags)),
      ],
      run: (input) => ({ Policy: policyView(iam, createPolicy(iam, input)) }),
    }),
    GetPolicy: operation<GetPolicyCommandInput>({
      permissions: (input) => onPolicy("GetPolicy", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        return { Policy: { ...policyView(iam, policy), Description: policy.description, Tags: tagList(policy.tags) } };
      },
    }),
    ListPolicies: operation<ListPoliciesCommandInput>({
      permissions: (input) => [ask("ListPolicies", arnOf(iam, "policy", input.PathPrefix ?? "/", ""))],
      run(input) {
        // AWS's own policies are not modelled; every policy here is the customer's.
        const found = [...iam.store.policies.values()].filter(({ path, arn }) => {
          const { holders, bounded } = usesOf(iam, arn);
          const uses = input.PolicyUsageFilter === "PermissionsBoundary" ? bounded : holders;
          return input.Scope !== "AWS" && path.startsWith(input.PathPrefix ?? "/") && (!input.OnlyAttached || uses.length > 0);
        });
        const { items, end } = pageOf(found, input, ({ name }) => name);
        return { Policies: items.map((policy) => policyView(iam, policy)), ...end };
      },
    }),
    DeletePolicy: operation<DeletePolicyCommandInput>({
      permissions: (input) => onPolicy("DeletePolicy", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        const { holders, bounded } = usesOf(iam, policy.arn);
        if (holders.length + bounded.length > 0)
          throw new AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", { statusCode: 409 });
        if (policy.versions.size > 1)
          throw new AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            {
              statusCode: 409,
            },
          );
        iam.store.policies.delete(policy.arn);
        return {};
      },
    }),
    CreatePolicyVersion: operation<CreatePolicyVersionCommandInput>({
      permissions: (input) => onPolicy("CreatePolicyVersion", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        if (policy.versions.size >= versionsPerPolicy)
          throw limitExceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
          );
        const version = versionOf(input.PolicyDocument, `v${policy.nextVersion}`, iam.environment.clock.now());
        policy.nextVersion += 1;
        policy.versions.set(version.versionId, version);
        policy.updatedAtMs = version.createdAtMs;
        if (input.SetAsDefault) policy.defaultVersionId = version.versionId;
        return { PolicyVersion: versionView(policy, version, { document: false }) };
      },
    }),
    GetPolicyVersion: operation<GetPolicyVersionCommandInput>({
      permissions: (input) => onPolicy("GetPolicyVersion", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        return { PolicyVersion: versionView(policy, existingVersion(policy, input.VersionId), { document: true }) };
      },
    }),
    ListPolicyVersions: operation<ListPolicyVersionsCommandInput>({
      permissions: (input) => onPolicy("ListPolicyVersions", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        const { items, end } = pageOf(policy.versions.values(), input, ({ versionId }) => versionId.padStart(12));
        return { Versions: items.map((version) => versionView(policy, version, { document: false })), ...end };
      },
    }),
    SetDefaultPolicyVersion: operation<SetDefaultPolicyVersionCommandInput>({
      permissions: (input) => onPolicy("SetDefaultPolicyVersion", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        policy.defaultVersionId = existingVersion(policy, input.VersionId).versionId;
        policy.updatedAtMs = iam.environment.clock.now();
        return {};
      },
    }),
    DeletePolicyVersion: operation<DeletePolicyVersionCommandInput>({
      permissions: (input) => onPolicy("DeletePolicyVersion", input.PolicyArn),
      run(input) {
        const policy = policyOf(iam, input.PolicyArn);
        const { versionId } = existingVersion(policy, input.VersionId);
        if (versionId === policy.defaultVersionId)
          throw new AwsError("DeleteConflict", "Cannot delete the default version of a policy.", { statusCode: 409 });
        policy.versions.delete(versionId);
        return {};
      },
    }),
  };
};
