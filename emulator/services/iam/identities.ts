// Answers the gateway's two questions out of IAM's state: whose key is this, and which policies bind its owner.

import type { PolicyDocument } from "../../../policy/document.ts";
import type { CallerPolicies, Identities, Identity } from "../../gateway/identities.ts";
import type { Caller } from "../../service.ts";
import { documentInForce, type IamStore, type PolicyHolder, roleByArn, type User } from "./store.ts";

export const storeIdentities = (store: IamStore): Identities => ({
  find: (accessKeyId) => findLongTerm(store, accessKeyId) ?? findSession(store, accessKeyId),
  policiesOf: (caller) => policiesOf(store, caller),
  noteUse(accessKeyId, { serviceName, region, atMs }) {
    const key = store.accessKeys.get(accessKeyId);
    if (key !== undefined) key.lastUsed = { atMs, region, serviceName };
    const roleArn = store.sessions.get(accessKeyId)?.caller.roleArn;
    const role = roleArn === undefined ? undefined : roleByArn(store, roleArn);
    if (role !== undefined) role.lastUsed = { atMs, region };
  },
});

/** The caller that a user's long-term key stands for. */
const userCaller = (user: User, accessKeyId: string): Caller => ({
  type: "User",
  arn: user.arn,
  accountId: user.arn.split(":")[4] ?? "",
  userId: user.id,
  accessKeyId,
  userName: user.name,
  tags: Object.fromEntries(user.tags),
});

function findLongTerm(store: IamStore, accessKeyId: string): Identity | undefined {
  const key = store.accessKeys.get(accessKeyId);
  const user = key === undefined ? undefined : store.users.get(key.userName);
  if (key === undefined || user === undefined || !key.active) return undefined;
  return { secretAccessKey: key.secretAccessKey, caller: userCaller(user, accessKeyId) };
}

function findSession(store: IamStore, accessKeyId: string): Identity | undefined {
  const session = store.sessions.get(accessKeyId);
  if (session === undefined || !principalExists(store, session.principalId)) return undefined;
  const { secretAccessKey, sessionToken, expiresAtMs, caller } = session;
  return { secretAccessKey, sessionToken, expiresAtMs, caller };
}

const principalExists = (store: IamStore, id: string): boolean =>
  [...store.users.values(), ...store.roles.values()].some((principal) => principal.id === id);

function policiesOf(store: IamStore, caller: Caller): CallerPolicies {
  if (caller.roleArn !== undefined) {
    const role = roleByArn(store, caller.roleArn);
    return role === undefined ? nothing : { identity: documentsOf(store, role), boundaries: boundaryOf(store, role.boundaryArn) };
  }
  const user = store.users.get(caller.userName ?? "");
  if (user === undefined) return nothing;
  const groups = [...user.groups].flatMap((name) => store.groups.get(name) ?? []);
  return { identity: [user, ...groups].flatMap((holder) => documentsOf(store, holder)), boundaries: boundaryOf(store, user.boundaryArn) };
}

const nothing: CallerPolicies = { identity: [], boundaries: [] };

const documentsOf = (store: IamStore, holder: PolicyHolder): readonly PolicyDocument[] => [
  ...[...holder.inline.values()].map(({ document }) => document),
  ...[...holder.attached].flatMap((arn) => managedDocument(store, arn)),
];

const boundaryOf = (store: IamStore, arn: string | undefined): readonly PolicyDocument[] =>
  // A boundary whose policy is gone allows nothing.
  arn === undefined ? [] : store.policies.has(arn) ? managedDocument(store, arn) : [{ Version: "2012-10-17", Statement: [] }];

const managedDocument = (store: IamStore, arn: string): readonly PolicyDocument[] => {
  const policy = store.policies.get(arn);
  return policy === undefined ? [] : [documentInForce(policy).document];
};
