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
import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  paginateListSecretVersionIds,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { readLabels, type SecretLabels } from "../../core/admin-secret.ts";
import type { AccessKey, AdminCredentials, MfaDevice } from "../../core/key-rotation.ts";
import { adminSecretName, groupName, iamPath } from "../../core/naming.ts";

/** What Secrets Manager says of its own rotation of a secret. */
export interface ScheduledRotation {
  readonly isEnabled: boolean;
  readonly lastAtMs?: number;
  /** The latest moment at which the next one is due. */
  readonly dueAtMs?: number;
}

export interface CredentialState extends AdminCredentials, SecretLabels {
  readonly isInGroup: boolean;
  /** Serial number of the admin's device where it exists and is nobody's: a half-done enrolment or removal leaves it. */
  readonly looseDevice?: string;
  readonly scheduled: ScheduledRotation;
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

const readDevices = (UserName: string, iam: IAMClient): Promise<readonly MfaDevice[]> =>
  collect(paginateListMFADevices({ client: iam }, { UserName }), ({ MFADevices = [] }) =>
    MFADevices.map(({ SerialNumber: serialNumber = "", EnableDate }) => ({ serialNumber, enabledAtMs: EnableDate?.getTime() ?? 0 })),
  );

async function readSecret(admin: string, secrets: SecretsManagerClient): Promise<SecretLabels & Pick<CredentialState, "scheduled">> {
  const SecretId = adminSecretName(admin);
  const described = await secrets.send(new DescribeSecretCommand({ SecretId })).catch((error: unknown) => {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
    throw error;
  });
  if (described === undefined) return { secret: { kind: "no-secret" }, staleLabels: [], scheduled: { isEnabled: false } };
  const scheduled = scheduledRotation(described);
  if (described.DeletedDate !== undefined) return { secret: { kind: "being-deleted" }, staleLabels: [], scheduled };
  const listed = await collect(paginateListSecretVersionIds({ client: secrets }, { SecretId }), ({ Versions = [] }) => Versions);
  const writtenAt = new Map(listed.map(({ VersionId, CreatedDate }) => [VersionId, CreatedDate?.getTime()]));
  // Not the list's labels: whether it has the version that a rotation has only begun, AWS does not say; here it is.
  const versions = Object.entries(described.VersionIdsToStages ?? {}).map(([id, labels]) => {
    const createdAtMs = writtenAt.get(id);
    return { id, labels, ...(createdAtMs === undefined ? {} : { createdAtMs }) };
  });
  return { ...readLabels(versions), scheduled };
}

export const scheduledRotation = ({
  RotationEnabled,
  LastRotatedDate,
  NextRotationDate,
}: DescribeSecretCommandOutput): ScheduledRotation => ({
  isEnabled: RotationEnabled ?? false,
  ...(LastRotatedDate === undefined ? {} : { lastAtMs: LastRotatedDate.getTime() }),
  ...(NextRotationDate === undefined ? {} : { dueAtMs: NextRotationDate.getTime() }),
});

export async function collect<Page, Item>(pages: AsyncIterable<Page>, itemsOf: (page: Page) => readonly Item[]): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...itemsOf(page));
  return items;
}
