// IAM roles: what services and people assume, with a trust policy that says who may.

import type {
  CreateRoleCommandInput,
  DeleteRoleCommandInput,
  DeleteRolePermissionsBoundaryCommandInput,
  GetRoleCommandInput,
  ListRolesCommandInput,
  ListRoleTagsCommandInput,
  PutRolePermissionsBoundaryCommandInput,
  TagRoleCommandInput,
  UntagRoleCommandInput,
  UpdateAssumeRolePolicyCommandInput,
  UpdateRoleCommandInput,
} from "@aws-sdk/client-iam";
import {
  arnOf,
  ask,
  type IamAccount,
  nameTaken,
  operation,
  policyOf,
  resourceTagContext,
  roleOf,
  tagContext,
  tagList,
  tagMap,
  targetArn,
} from "./account.ts";
import { alreadyExists, checkedName, checkedPath, deleteConflict, limitExceeded, required, validationError } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { parseTrustPolicy } from "./policy-document.ts";
import type { Role, StoredDocument } from "./store.ts";
import { boundaryContext, boundaryView } from "./users.ts";

const trustCharacters = 2048;
const defaultSessionSeconds = 3600;

export function createRole(iam: IamAccount, input: CreateRoleCommandInput): Role {
  const name = checkedName(input.RoleName, { member: "roleName", max: 64 });
  const path = checkedPath(input.Path);
  if (nameTaken(iam.store.roles.keys(), name)) throw alreadyExists("role", name);
  const role: Role = {
    kind: "role",
    name,
    path,
    id: iam.environment.uniqueId("AROA"),
    arn: arnOf(iam, "role", path, name),
    createdAtMs: iam.environment.clock.now(),
    inline: new Map(),
    attached: new Set(),
    tags: tagMap(input.Tags),
    trust: trustOf(iam, input.AssumeRolePolicyDocument),
    description: input.Description ?? "",
    maxSessionSeconds: sessionSeconds(input.MaxSessionDuration ?? defaultSessionSeconds),
    ...(input.PermissionsBoundary !== undefined && { boundaryArn: policyOf(iam, input.PermissionsBoundary).arn }),
  };
  iam.store.roles.set(name, role);
  return role;
}

function trustOf(iam: IamAccount, text: string | undefined): StoredDocument {
  const trust = parseTrustPolicy(required(text, "assumeRolePolicyDocument"), iam.store, iam.environment.account);
  if (JSON.stringify(trust.document).length > trustCharacters)
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${trustCharacters}`);
  return trust;
}

function sessionSeconds(seconds: number): number {
  if (seconds < 3600 || seconds > 43_200)
    throw validationError(
      `1 validation error detected: Value '${seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must be from 3600 to 43200`,
    );
  return seconds;
}

const roleView = (role: Role) => ({
  RoleName: role.name,
  Path: role.path,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: new Date(role.createdAtMs),
  // As IAM gives it: percent-encoded by RFC 3986.
  AssumeRolePolicyDocument: encodeURIComponent(role.trust.text),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
});

const fullView = (role: Role) => ({
  ...roleView(role),
  ...boundaryView(role.boundaryArn),
  ...(role.tags.size > 0 && { Tags: tagList(role.tags) }),
  RoleLastUsed: role.lastUsed === undefined ? {} : { LastUsedDate: new Date(role.lastUsed.atMs), Region: role.lastUsed.region },
});

export const roleOperations = (iam: IamAccount) => {
  const onRole = (action: string, name: string | undefined, context: Record<string, string | readonly string[]> = {}) =>
    ask(action, targetArn(iam, "role", name), { ...resourceTagContext(iam.store.roles.get(name ?? "")?.tags), ...context });
  return {
    CreateRole: operation<CreateRoleCommandInput>({
      permissions(input) {
        const arn = arnOf(iam, "role", input.Path ?? "/", input.RoleName ?? "");
        const context = { ...tagContext(input.Tags), ...boundaryContext(input.PermissionsBoundary) };
        return [ask("CreateRole", arn, context), ...(input.Tags?.length ? [ask("TagRole", arn, context)] : [])];
      },
      run: (input) => ({ Role: fullView(createRole(iam, input)) }),
    }),
    GetRole: operation<GetRoleCommandInput>({
      permissions: (input) => [onRole("GetRole", input.RoleName)],
      run: (input) => ({ Role: fullView(roleOf(iam, input.RoleName)) }),
    }),
    ListRoles: operation<ListRolesCommandInput>({
      permissions: (input) => [ask("ListRoles", arnOf(iam, "role", input.PathPrefix ?? "/", ""))],
      run(input) {
        const found = [...iam.store.roles.values()].filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
        const { items, end } = pageOf(found, input, ({ name }) => name);
        return { Roles: items.map(roleView), ...end };
      },
    }),
    UpdateRole: operation<UpdateRoleCommandInput>({
      permissions: (input) => [onRole("UpdateRole", input.RoleName)],
      run(input) {
        const role = roleOf(iam, input.RoleName);
        if (input.MaxSessionDuration !== undefined) role.maxSessionSeconds = sessionSeconds(input.MaxSessionDuration);
        if (input.Description !== undefined) role.description = input.Description;
        return {};
      },
    }),
    UpdateAssumeRolePolicy: operation<UpdateAssumeRolePolicyCommandInput>({
      permissions: (input) => [onRole("UpdateAssumeRolePolicy", input.RoleName)],
      run(input) {
        roleOf(iam, input.RoleName).trust = trustOf(iam, input.PolicyDocument);
        return {};
      },
    }),
    DeleteRole: operation<DeleteRoleCommandInput>({
      permissions: (input) => [onRole("DeleteRole", input.RoleName)],
      run(input) {
        const role = roleOf(iam, input.RoleName);
        if (role.attached.size > 0) throw deleteConflict("detach all policies");
        if (role.inline.size > 0) throw deleteConflict("delete policies");
        iam.store.roles.delete(role.name);
        return {};
      },
    }),
    TagRole: operation<TagRoleCommandInput>({
      permissions: (input) => [onRole("TagRole", input.RoleName, tagContext(input.Tags))],
      run(input) {
        const { tags } = roleOf(iam, input.RoleName);
        for (const [key, value] of tagMap(input.Tags)) tags.set(key, value);
        return {};
      },
    }),
    UntagRole: operation<UntagRoleCommandInput>({
      permissions: (input) => [onRole("UntagRole", input.RoleName, { "aws:TagKeys": input.TagKeys ?? [] })],
      run(input) {
        const { tags } = roleOf(iam, input.RoleName);
        for (const key of input.TagKeys ?? []) tags.delete(key);
        return {};
      },
    }),
    ListRoleTags: operation<ListRoleTagsCommandInput>({
      permissions: (input) => [onRole("ListRoleTags", input.RoleName)],
      run(input) {
        const { items, end } = pageOf(tagList(roleOf(iam, input.RoleName).tags), input, ({ Key }) => Key);
        return { Tags: items, ...end };
      },
    }),
    PutRolePermissionsBoundary: operation<PutRolePermissionsBoundaryCommandInput>({
      permissions: (input) => [onRole("PutRolePermissionsBoundary", input.RoleName, boundaryContext(input.PermissionsBoundary))],
      run(input) {
        roleOf(iam, input.RoleName).boundaryArn = policyOf(iam, input.PermissionsBoundary).arn;
        return {};
      },
    }),
    DeleteRolePermissionsBoundary: operation<DeleteRolePermissionsBoundaryCommandInput>({
      permissions: (input) => [
        onRole("DeleteRolePermissionsBoundary", input.RoleName, boundaryContext(iam.store.roles.get(input.RoleName ?? "")?.boundaryArn)),
      ],
      run(input) {
        delete roleOf(iam, input.RoleName).boundaryArn;
        return {};
      },
    }),
  };
};
