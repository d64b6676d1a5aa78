// What every part of IAM works with: the state, the surroundings, and the few things that all of them do.

import { notImplemented } from "../../aws-error.ts";
import type { Environment, Operation, Permission } from "../../service.ts";
import { type Kind, noSuchEntity, noSuchPolicy, required } from "./faults.ts";
import type { Group, IamStore, ManagedPolicy, PolicyHolder, Role, User } from "./store.ts";

export interface IamAccount {
  readonly store: IamStore;
  readonly environment: Environment;
}

/** Keeps an operation's input type where it is written; the service's table erases it. */
export const operation = <Input extends object>(of: Operation<Input>): Operation<never> => of;

export const arnOf = ({ environment }: IamAccount, kind: Kind | "policy" | "mfa", path: string, name: string): string =>
  `arn:aws:iam::${environment.account}:${kind}${path}${name}`;

export const ask = (action: string, resource: string, context?: Permission["context"]): Permission => ({
  action: `iam:${action}`,
  resource,
  ...(context && { context }),
});

export function userOf({ store }: IamAccount, name: string | undefined): User {
  const user = store.users.get(required(name, "userName"));
  if (user === undefined) throw noSuchEntity("user", name ?? "");
  return user;
}

export function groupOf({ store }: IamAccount, name: string | undefined): Group {
  const group = store.groups.get(required(name, "groupName"));
  if (group === undefined) throw noSuchEntity("group", name ?? "");
  return group;
}

export function roleOf({ store }: IamAccount, name: string | undefined): Role {
  const role = store.roles.get(required(name, "roleName"));
  if (role === undefined) throw noSuchEntity("role", name ?? "");
  return role;
}

export function policyOf({ store }: IamAccount, arn: string | undefined): ManagedPolicy {
  const policy = store.policies.get(required(arn, "policyArn"));
  if (policy === undefined) {
    if (arn?.startsWith("arn:aws:iam::aws:policy/")) throw notImplemented(`The AWS managed policy ${arn}`);
    throw noSuchPolicy(arn ?? "");
  }
  return policy;
}

/** Names differ by more than case. */
export const nameTaken = (names: Iterable<string>, name: string): boolean => {
  const lower = name.toLowerCase();
  return [...names].some((existing) => existing.toLowerCase() === lower);
};

/** ARN of the entity where it exists, else of what its name would be: denied callers learn nothing of what exists. */
export const targetArn = (iam: IamAccount, kind: Kind, name: string | undefined): string => {
  const { users, groups, roles } = iam.store;
  const holders: Readonly<Record<Kind, ReadonlyMap<string, PolicyHolder>>> = { user: users, group: groups, role: roles };
  return holders[kind].get(name ?? "")?.arn ?? arnOf(iam, kind, "/", name ?? "");
};

export interface TagInput {
  readonly Key: string | undefined;
  readonly Value: string | undefined;
}

export const tagMap = (tags: readonly TagInput[] | undefined): Map<string, string> =>
  new Map((tags ?? []).map(({ Key, Value }) => [required(Key, "tags.key"), Value ?? ""]));

export const tagList = (tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] =>
  [...tags].map(([Key, Value]) => ({ Key, Value }));

/** Condition keys of the tags that a request puts. */
export const tagContext = (tags: readonly TagInput[] | undefined): Record<string, string | readonly string[]> =>
  tags === undefined || tags.length === 0
    ? {}
    : {
        ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ""])),
        "aws:TagKeys": tags.map(({ Key }) => Key ?? ""),
      };

/** Condition keys of the tags that a resource has. */
export const resourceTagContext = (tags: ReadonlyMap<string, string> | undefined): Record<string, string> =>
  Object.fromEntries(
    [...(tags ?? [])].flatMap(([key, value]) => [
      [`iam:ResourceTag/${key}`, value],
      [`aws:ResourceTag/${key}`, value],
    ]),
  );
