// IAM's state: who and what exists in the account, under the names and ids that AWS gives them.

import type { PolicyDocument } from "../../../policy/document.ts";
import type { Caller } from "../../service.ts";

/** A policy document as it was put, text kept, parsed once. */
export interface StoredDocument {
  readonly text: string;
  readonly document: PolicyDocument;
}

interface Entity {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly arn: string;
  readonly createdAtMs: number;
}

/** What permissions hang on: users, groups and roles. */
export interface PolicyHolder extends Entity {
  /** Policy name → document. */
  readonly inline: Map<string, StoredDocument>;
  /** ARNs of managed policies. */
  readonly attached: Set<string>;
}

export interface User extends PolicyHolder {
  readonly kind: "user";
  readonly tags: Map<string, string>;
  readonly groups: Set<string>;
  boundaryArn?: string;
  login?: { readonly createdAtMs: number; readonly passwordResetRequired: boolean };
}

export interface Group extends PolicyHolder {
  readonly kind: "group";
}

export interface Role extends PolicyHolder {
  readonly kind: "role";
  readonly tags: Map<string, string>;
  trust: StoredDocument;
  description: string;
  maxSessionSeconds: number;
  boundaryArn?: string;
  lastUsed?: { readonly atMs: number; readonly region: string };
}

export interface PolicyVersion extends StoredDocument {
  readonly versionId: string;
  readonly createdAtMs: number;
}

export interface ManagedPolicy extends Entity {
  readonly description: string;
  readonly tags: Map<string, string>;
  readonly versions: Map<string, PolicyVersion>;
  defaultVersionId: string;
  nextVersion: number;
  updatedAtMs: number;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly userName: string;
  readonly createdAtMs: number;
  active: boolean;
  lastUsed?: { readonly atMs: number; readonly region: string; readonly serviceName: string };
}

export interface MfaDevice {
  readonly serialNumber: string;
  readonly name: string;
  readonly seed: Uint8Array;
  readonly tags: Map<string, string>;
  enabled?: { readonly userName: string; readonly atMs: number };
  /** The 30-second step of the newest code that was accepted; no code of this step or before is accepted again. */
  lastStep: number;
}

/** Temporary credentials as STS issued them. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly caller: Caller;
  /** Id of the user or role that it stands for; when that is gone, so is the session. */
  readonly principalId: string;
  /** Issued to a role session: the next one lasts an hour at most. */
  readonly chained: boolean;
}

export interface IamStore {
  readonly users: Map<string, User>;
  readonly groups: Map<string, Group>;
  readonly roles: Map<string, Role>;
  /** By ARN. */
  readonly policies: Map<string, ManagedPolicy>;
  /** By access key id. */
  readonly accessKeys: Map<string, AccessKey>;
  /** By serial number. */
  readonly mfaDevices: Map<string, MfaDevice>;
  /** By access key id. */
  readonly sessions: Map<string, Session>;
}

export const emptyStore = (): IamStore => ({
  users: new Map(),
  groups: new Map(),
  roles: new Map(),
  policies: new Map(),
  accessKeys: new Map(),
  mfaDevices: new Map(),
  sessions: new Map(),
});

export const devicesOf = (store: IamStore, userName: string): readonly MfaDevice[] =>
  [...store.mfaDevices.values()].filter((device) => device.enabled?.userName === userName);

export const keysOf = (store: IamStore, userName: string): readonly AccessKey[] =>
  [...store.accessKeys.values()].filter((key) => key.userName === userName);

export const membersOfGroup = (store: IamStore, groupName: string): readonly User[] =>
  [...store.users.values()].filter((user) => user.groups.has(groupName));

/** The role of an ARN, by its whole ARN: a role of the same name under another path is another role. */
export const roleByArn = (store: IamStore, arn: string): Role | undefined => [...store.roles.values()].find((role) => role.arn === arn);

/** The document that a managed policy has in force. */
export const documentInForce = (policy: ManagedPolicy): StoredDocument => {
  const version = policy.versions.get(policy.defaultVersionId);
  if (version === undefined) throw new Error(`policy ${policy.arn} has no version ${policy.defaultVersionId}`);
  return version;
};
