// IAM groups: permissions that users share.

import type {
  AddUserToGroupCommandInput,
  CreateGroupCommandInput,
  DeleteGroupCommandInput,
  GetGroupCommandInput,
  ListGroupsCommandInput,
  ListGroupsForUserCommandInput,
  RemoveUserFromGroupCommandInput,
} from "@aws-sdk/client-iam";
import { arnOf, ask, groupOf, type IamAccount, nameTaken, operation, targetArn, userOf } from "./account.ts";
import { alreadyExists, checkedName, checkedPath, deleteConflict, quotaExceeded } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { type Group, membersOfGroup } from "./store.ts";
import { userView } from "./users.ts";

const groupsPerUser = 10;

export function createGroup(iam: IamAccount, input: CreateGroupCommandInput): Group {
  const name = checkedName(input.GroupName, { member: "groupName", max: 128 });
  const path = checkedPath(input.Path);
  if (nameTaken(iam.store.groups.keys(), name)) throw alreadyExists("group", name);
  const group: Group = {
    kind: "group",
    name,
    path,
    id: iam.environment.uniqueId("AGPA"),
    arn: arnOf(iam, "group", path, name),
    createdAtMs: iam.environment.clock.now(),
    inline: new Map(),
    attached: new Set(),
  };
  iam.store.groups.set(name, group);
  return group;
}

export function addUserToGroup(iam: IamAccount, input: AddUserToGroupCommandInput): void {
  const group = groupOf(iam, input.GroupName);
  const user = userOf(iam, input.UserName);
  if (!user.groups.has(group.name) && user.groups.size >= groupsPerUser) throw quotaExceeded("GroupsPerUser", groupsPerUser);
  user.groups.add(group.name);
}

const groupView = (group: Group) => ({
  GroupName: group.name,
  Path: group.path,
  GroupId: group.id,
  Arn: group.arn,
  CreateDate: new Date(group.createdAtMs),
});

export const groupOperations = (iam: IamAccount) => ({
  CreateGroup: operation<CreateGroupCommandInput>({
    permissions: (input) => [ask("CreateGroup", arnOf(iam, "group", input.Path ?? "/", input.GroupName ?? ""))],
    run: (input) => ({ Group: groupView(createGroup(iam, input)) }),
  }),
  GetGroup: operation<GetGroupCommandInput>({
    permissions: (input) => [ask("GetGroup", targetArn(iam, "group", input.GroupName))],
    run(input) {
      const group = groupOf(iam, input.GroupName);
      const { items, end } = pageOf(membersOfGroup(iam.store, group.name), input, ({ name }) => name);
      return { Group: groupView(group), Users: items.map(userView), ...end };
    },
  }),
  ListGroups: operation<ListGroupsCommandInput>({
    permissions: (input) => [ask("ListGroups", arnOf(iam, "group", input.PathPrefix ?? "/", ""))],
    run(input) {
      const found = [...iam.store.groups.values()].filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
      const { items, end } = pageOf(found, input, ({ name }) => name);
      return { Groups: items.map(groupView), ...end };
    },
  }),
  ListGroupsForUser: operation<ListGroupsForUserCommandInput>({
    permissions: (input) => [ask("ListGroupsForUser", targetArn(iam, "user", input.UserName))],
    run(input) {
      const { items, end } = pageOf(userOf(iam, input.UserName).groups, input, (name) => name);
      return { Groups: items.map((name) => groupView(groupOf(iam, name))), ...end };
    },
  }),
  DeleteGroup: operation<DeleteGroupCommandInput>({
    permissions: (input) => [ask("DeleteGroup", targetArn(iam, "group", input.GroupName))],
    run(input) {
      const group = groupOf(iam, input.GroupName);
      if (membersOfGroup(iam.store, group.name).length > 0) throw deleteConflict("remove users from group");
      if (group.attached.size > 0) throw deleteConflict("detach all policies");
      if (group.inline.size > 0) throw deleteConflict("delete policies");
      iam.store.groups.delete(group.name);
      return {};
    },
  }),
  AddUserToGroup: operation<AddUserToGroupCommandInput>({
    permissions: (input) => [ask("AddUserToGroup", targetArn(iam, "group", input.GroupName))],
    run(input) {
      addUserToGroup(iam, input);
      return {};
    },
  }),
  RemoveUserFromGroup: operation<RemoveUserFromGroupCommandInput>({
    permissions: (input) => [ask("RemoveUserFromGroup", targetArn(iam, "group", input.GroupName))],
    run(input) {
      userOf(iam, input.UserName).groups.delete(groupOf(iam, input.GroupName).name);
      return {};
    },
  }),
});
