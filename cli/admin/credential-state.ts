// What an admin has in the account, as somebody sees it who may write secrets and not read them.

import {
  GetAccessKeyLastUsedCommand,
  type IAMClient,
  paginateGetGroup,
  paginateListAccessKeys,
  paginateListMFADevices,
  paginateListUsers,
  paginateListVirtualMFADevices,
} from "@aws-sdk/client-iam";
import { DescribeSecretCommand, paginateListSecretVersionIds, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { adminSecretLabel, adminSecretName, groupName, iamPath } from "../../core/naming.ts";

export interface AccessKey {
  readonly id: string;
  readonly isActive: boolean;
  readonly createdAtMs: number;
  readonly lastUsedAtMs?: number;
}

export interface Device {
  readonly serialNumber: string;
  readonly enabledAtMs: number;
}

/** What the version in force holds, by its label. */
export type SecretContent =
  | { readonly kind: "no-secret" | "being-deleted" | "unwritten" }
  | { readonly kind: "key"; readonly accessKeyId: string; readonly versionId: string }
  | { readonly kind: "removed"; readonly versionId: string }
  /** Somebody wrote it who gave it no label. */
  | { readonly kind: "unlabelled"; readonly versionId: string; readonly writtenAtMs: number };

export interface CredentialState {
  readonly admin: string;
  readonly hasUser: boolean;
  readonly isInGroup: boolean;
  /** Oldest first. */
  readonly keys: readonly AccessKey[];
  readonly devices: readonly Device[];
  /** Serial number of the admin's device where it exists and is nobody's: a half-done enrolment or removal leaves it. */
  readonly looseDevice?: string;
  readonly secret: SecretContent;
  /** Key labels that stayed with versions which are no longer in force. */
  readonly staleLabels: readonly { readonly label: string; readonly versionId: string }[];
}

export interface IamAdminClients {
  readonly iam: IAMClient;
  readonly secrets: SecretsManagerClient;
}

/** What is read once, however many admins are looked at. */
export interface AccountSurvey {
  /** Users under Keyturn's path. */
  readonly users: ReadonlySet<string>;
  /** Members of the group, wherever they are. */
  readonly members: ReadonlySet<string>;
  readonly looseDevices: readonly string[];
}

export async function surveyAccount({ iam }: IamAdminClients): Promise<AccountSurvey> {
  const [users, members, looseDevices] = await Promise.all([
    collect(paginateListUsers({ client: iam }, { PathPrefix: iamPath }), ({ Users = [] }) => Users.map(({ UserName = "" }) => UserName)),
    collect(paginateGetGroup({ client: iam }, { GroupName: groupName }), ({ Users = [] }) => Users.map(({ UserName = "" }) => UserName)),
    collect(paginateListVirtualMFADevices({ client: iam }, { AssignmentStatus: "Unassigned" }), ({ VirtualMFADevices = [] }) =>
      VirtualMFADevices.map(({ SerialNumber = "" }) => SerialNumber),
    ),
  ]);
  return { users: new Set(users), members: new Set(members), looseDevices };
}

/** Of the admin's user nothing is asked where there is none: a role limited to one path is denied the answer that it does not exist. */
export async function readCredentialState(admin: string, clients: IamAdminClients, survey?: AccountSurvey): Promise<CredentialState> {
  const { users, members, looseDevices } = survey ?? (await surveyAccount(clients));
  const hasUser = users.has(admin);
  const [keys, devices, secret] = await Promise.all([
    hasUser ? readKeys(admin, clients.iam) : [],
    hasUser ? readDevices(admin, clients.iam) : [],
    readSecret(admin, clients.secrets),
  ]);
  const looseDevice = looseDevices.find((serialNumber) => serialNumber.endsWith(`:mfa${iamPath}${admin}`));
  return { admin, hasUser, isInGroup: members.has(admin), keys, devices, ...(looseDevice === undefined ? {} : { looseDevice }), ...secret };
}

async function readKeys(UserName: string, iam: IAMClient): Promise<readonly AccessKey[]> {
  const listed = await collect(paginateListAccessKeys({ client: iam }, { UserName }), ({ AccessKeyMetadata = [] }) => AccessKeyMetadata);
  const keys = await Promise.all(
    listed.map(async ({ AccessKeyId: id = "", Status, CreateDate }): Promise<AccessKey> => {
      const { AccessKeyLastUsed } = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }));
      const lastUsedAt = AccessKeyLastUsed?.LastUsedDate;
      return {
        id,
        isActive: Status === "Active",
        createdAtMs: CreateDate?.getTime() ?? 0,
        ...(lastUsedAt === undefined ? {} : { lastUsedAtMs: lastUsedAt.getTime() }),
      };
    }),
  );
  return keys.sort((a, b) => a.createdAtMs - b.createdAtMs);
}

const readDevices = (UserName: string, iam: IAMClient): Promise<readonly Device[]> =>
  collect(paginateListMFADevices({ client: iam }, { UserName }), ({ MFADevices = [] }) =>
    MFADevices.map(({ SerialNumber: serialNumber = "", EnableDate }) => ({ serialNumber, enabledAtMs: EnableDate?.getTime() ?? 0 })),
  );

async function readSecret(admin: string, secrets: SecretsManagerClient): Promise<Pick<CredentialState, "secret" | "staleLabels">> {
  const SecretId = adminSecretName(admin);
  const described = await secrets.send(new DescribeSecretCommand({ SecretId })).catch((error: unknown) => {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
    throw error;
  });
  if (described === undefined) return { secret: { kind: "no-secret" }, staleLabels: [] };
  if (described.DeletedDate !== undefined) return { secret: { kind: "being-deleted" }, staleLabels: [] };
  const versions = await collect(paginateListSecretVersionIds({ client: secrets }, { SecretId }), ({ Versions = [] }) => Versions);
  const staleLabels = versions.flatMap(({ VersionId: versionId = "", VersionStages = [] }) =>
    VersionStages.includes("AWSCURRENT")
      ? []
      : VersionStages.filter((label) => keyOf(label) !== undefined).map((label) => ({ label, versionId })),
  );
  const current = versions.find(({ VersionStages = [] }) => VersionStages.includes("AWSCURRENT"));
  if (current === undefined) return { secret: { kind: "unwritten" }, staleLabels };
  const { VersionId: versionId = "", VersionStages: labels = [], CreatedDate } = current;
  const [accessKeyId] = labels.flatMap((label) => keyOf(label) ?? []);
  if (accessKeyId !== undefined) return { secret: { kind: "key", accessKeyId, versionId }, staleLabels };
  if (labels.includes(adminSecretLabel.removed)) return { secret: { kind: "removed", versionId }, staleLabels };
  return { secret: { kind: "unlabelled", versionId, writtenAtMs: CreatedDate?.getTime() ?? 0 }, staleLabels };
}

function keyOf(label: string): string | undefined {
  const prefix = adminSecretLabel.key("");
  return label.startsWith(prefix) ? label.slice(prefix.length) : undefined;
}

async function collect<Page, Item>(pages: AsyncIterable<Page>, itemsOf: (page: Page) => readonly Item[]): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...itemsOf(page));
  return items;
}
