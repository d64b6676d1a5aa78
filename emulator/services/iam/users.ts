// IAM users: who may sign calls with long-term keys.

import type {
  CreateUserCommandInput,
  DeleteUserCommandInput,
  DeleteUserPermissionsBoundaryCommandInput,
  GetUserCommandInput,
  ListUsersCommandInput,
  ListUserTagsCommandInput,
  PutUserPermissionsBoundaryCommandInput,
  TagUserCommandInput,
  UntagUserCommandInput,
} from "@aws-sdk/client-iam";
import type { Call } from "../../service.ts";
import {
  arnOf,
  ask,
  type IamAccount,
  nameTaken,
  operation,
  policyOf,
  resourceTagContext,
  tagContext,
  tagList,
  tagMap,
  targetArn,
  userOf,
} from "./account.ts";
import { alreadyExists, checkedName, checkedPath, deleteConflict } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { devicesOf, keysOf, type User } from "./store.ts";

export function createUser(iam: IamAccount, input: CreateUserCommandInput): User {
  const name = checkedName(input.UserName, { member: "userName", max: 64 });
  const path = checkedPath(input.Path);
  if (nameTaken(iam.store.users.keys(), name)) throw alreadyExists("user", name);
  const user: User = {
    kind: "user",
    name,
    path,
    id: iam.environment.uniqueId("AIDA"),
    arn: arnOf(iam, "user", path, name),
    createdAtMs: iam.environment.clock.now(),
    inline: new Map(),
    attached: new Set(),
    groups: new Set(),
    tags: tagMap(input.Tags),
    ...(input.PermissionsBoundary !== undefined && { boundaryArn: policyOf(iam, input.PermissionsBoundary).arn }),
  };
  iam.store.users.set(name, user);
  return user;
}

export const boundaryView = (arn: string | undefined) =>
  arn === undefined ? {} : { PermissionsBoundary: { PermissionsBoundaryType: "Policy" as const, PermissionsBoundaryArn: arn } };

export const userView = (user: User) => ({
  UserName: user.name,
  Path: user.path,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: new Date(user.createdAtMs),
});

const fullView = (user: User) => ({
  ...userView(user),
  ...boundaryView(user.boundaryArn),
  ...(user.tags.size > 0 && { Tags: tagList(user.tags) }),
});

function deleteUser(iam: IamAccount, user: User): void {
  if (user.attached.size > 0) throw deleteConflict("detach all policies");
  if (user.inline.size > 0) throw deleteConflict("delete policies");
  if (keysOf(iam.store, user.name).length > 0) throw deleteConflict("delete access keys");
  if (devicesOf(iam.store, user.name).length > 0) throw deleteConflict("delete MFA device");
  if (user.login !== undefined) throw deleteConflict("delete login profile");
  if (user.groups.size > 0) throw deleteConflict("remove users from group");
  iam.store.users.delete(user.name);
}

/** The user that an operation without a name is about: the caller's own. */
export const namedOrCaller = (name: string | undefined, { caller }: Call): string | undefined => name ?? caller.userName;

export const userOperations = (iam: IamAccount) => {
  const onUser = (action: string, name: string | undefined, context: Record<string, string | readonly string[]> = {}) =>
    ask(action, targetArn(iam, "user", name), { ...resourceTagContext(iam.store.users.get(name ?? "")?.tags), ...context });
  return {
    CreateUser: operation<CreateUserCommandInput>({
      permissions: (input) => [
        ask("CreateUser", arnOf(iam, "user", input.Path ?? "/", input.UserName ?? ""), {
          ...tagContext(input.Tags),
          ...(input.PermissionsBoundary !== undefined && { "iam:PermissionsBoundary": input.PermissionsBoundary }),
        }),
        ...(input.Tags?.length
          ? [ask("TagUser", arnOf(iam, "user", input.Path ?? "/", input.UserName ?? ""), tagContext(input.Tags))]
          : []),
      ],
      run: (input) => ({ User: fullView(createUser(iam, input)) }),
    }),
    GetUser: operation<GetUserCommandInput>({
      permissions: (input, call) => [onUser("GetUser", namedOrCaller(input.UserName, call))],
      run: (input, call) => ({ User: fullView(userOf(iam, namedOrCaller(input.UserName, call))) }),
    }),
    ListUsers: operation<ListUsersCommandInput>({
      permissions: (input) => [ask("ListUsers", arnOf(iam, "user", input.PathPrefix ?? "/", ""))],
      run(input) {
        const found = [...iam.store.users.values()].filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
        const { items, end } = pageOf(found, input, ({ name }) => name);
        return { Users: items.map(userView), ...end };
      },
    }),
    DeleteUser: operation<DeleteUserCommandInput>({
      permissions: (input) => [onUser("DeleteUser", input.UserName)],
      run(input) {
        deleteUser(iam, userOf(iam, input.UserName));
        return {};
      },
    }),
    TagUser: operation<TagUserCommandInput>({
      permissions: (input) => [onUser("TagUser", input.UserName, tagContext(input.Tags))],
      run(input) {
        const { tags } = userOf(iam, input.UserName);
        for (const [key, value] of tagMap(input.Tags)) tags.set(key, value);
        return {};
      },
    }),
    UntagUser: operation<UntagUserCommandInput>({
      permissions: (input) => [onUser("UntagUser", input.UserName, { "aws:TagKeys": input.TagKeys ?? [] })],
      run(input) {
        const { tags } = userOf(iam, input.UserName);
        for (const key of input.TagKeys ?? []) tags.delete(key);
        return {};
      },
    }),
    ListUserTags: operation<ListUserTagsCommandInput>({
      permissions: (input) => [onUser("ListUserTags", input.UserName)],
      run(input) {
        const { items, end } = pageOf(tagList(userOf(iam, input.UserName).tags), input, ({ Key }) => Key);
        return { Tags: items, ...end };
      },
    }),
    PutUserPermissionsBoundary: operation<PutUserPermissionsBoundaryCommandInput>({
      permissions: (input) => [
        onUser("PutUserPermissionsBoundary", input.UserName, { "iam:PermissionsBoundary": input.PermissionsBoundary ?? "" }),
      ],
      run(input) {
        userOf(iam, input.UserName).boundaryArn = policyOf(iam, input.PermissionsBoundary).arn;
        return {};
      },
    }),
    DeleteUserPermissionsBoundary: operation<DeleteUserPermissionsBoundaryCommandInput>({
      permissions: (input) => [
        onUser("DeleteUserPermissionsBoundary", input.UserName, boundaryContext(iam.store.users.get(input.UserName ?? "")?.boundaryArn)),
      ],
      run(input) {
        delete userOf(iam, input.UserName).boundaryArn;
        return {};
      },
    }),
  };
};

/** The boundary that the target has, for policies that protect those with a boundary. */
export const boundaryContext = (arn: string | undefined): Record<string, string> =>
  arn === undefined ? {} : { "iam:PermissionsBoundary": arn };
