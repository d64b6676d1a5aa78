// Each admin of the configuration: user, key, device and secret, as far as somebody sees it who may read and nothing else.

import { IAMClient, paginateGetGroup, paginateListAccessKeys, paginateListMFADevices } from "@aws-sdk/client-iam";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { readLabels, type SecretLabels } from "../../core/admin-secret.ts";
import { adminSecretName, groupName } from "../../core/naming.ts";
import config from "../../keyturn.config.ts";
import { isConfigured } from "../admin/configured-admin.ts";
import { type CredentialState, collect, type IamAdminClients, scheduledRotation } from "../admin/credential-state.ts";
import { findingsOf } from "../admin/findings.ts";
import type { AwsSession } from "../aws-session.ts";
import { type Finding, lookedAt } from "./finding.ts";

const check = "admins";

export async function checkAdmins(session: AwsSession): Promise<readonly Finding[]> {
  const clients = { iam: new IAMClient(session.options), secrets: new SecretsManagerClient(session.options) };
  try {
    return await lookedAt(check, {
      needs: ["iam:GetGroup"],
      look: async () => {
        const members = await readMembers(clients.iam);
        if (members === undefined) {
          return [{ check, standing: "missing", found: `there is no group ${groupName}`, wayOut: "npx cdk deploy keyturn-identity" }];
        }
        const looks = [...new Set([...Object.keys(config.admins), ...members])].map((admin) =>
          lookedAt(`admin ${admin}`, {
            needs: ["iam:ListAccessKeys", "iam:ListMFADevices", "secretsmanager:DescribeSecret"],
            look: async () => adminFindings(await readState(admin, clients, members), session),
          }),
        );
        return (await Promise.all(looks)).flat();
      },
    });
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

/** Undefined where there is no group. */
async function readMembers(iam: IAMClient): Promise<ReadonlySet<string> | undefined> {
  try {
    const pages = paginateGetGroup({ client: iam }, { GroupName: groupName });
    return new Set(await collect(pages, ({ Users = [] }) => Users.map(({ UserName = "" }) => UserName)));
  } catch (error) {
    if (error instanceof Error && /^NoSuchEntity/.test(error.name)) return undefined;
    throw error;
  }
}

/**
 * Who is not in the group counts as no user: an auditor is denied the answer that there is none, and either way the identity stack makes it good.
 */
async function readState(admin: string, { iam, secrets }: IamAdminClients, members: ReadonlySet<string>): Promise<CredentialState> {
  const isInGroup = members.has(admin);
  const UserName = admin;
  const [keys, devices, secret] = await Promise.all([
    isInGroup
      ? collect(paginateListAccessKeys({ client: iam }, { UserName }), ({ AccessKeyMetadata = [] }) =>
          AccessKeyMetadata.map(({ AccessKeyId: id = "", Status, CreateDate }) => ({
            id,
            isActive: Status === "Active",
            createdAtMs: CreateDate?.getTime() ?? 0,
          })),
        )
      : [],
    isInGroup
      ? collect(paginateListMFADevices({ client: iam }, { UserName }), ({ MFADevices = [] }) =>
          MFADevices.map(({ SerialNumber: serialNumber = "", EnableDate }) => ({ serialNumber, enabledAtMs: EnableDate?.getTime() ?? 0 })),
        )
      : [],
    isConfigured(admin) ? readSecret(admin, secrets) : noSecret,
  ]);
  return { admin, hasUser: isInGroup, isInGroup, keys, devices, ...secret };
}

/** By the labels of its versions, which tell what is in it (docs/decisions/0040). */
async function readSecret(admin: string, secrets: SecretsManagerClient): Promise<SecretLabels & Pick<CredentialState, "scheduled">> {
  try {
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: adminSecretName(admin) }));
    const scheduled = scheduledRotation(described);
    if (described.DeletedDate !== undefined) return { secret: { kind: "being-deleted" }, staleLabels: [], scheduled };
    const versions = Object.entries(described.VersionIdsToStages ?? {}).map(([id, labels]) => ({ id, labels }));
    return { ...readLabels(versions), scheduled };
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return noSecret;
    throw error;
  }
}

const noSecret = { secret: { kind: "no-secret" }, staleLabels: [], scheduled: { isEnabled: false } } as const;

export function adminFindings(state: CredentialState, { nowMs, isLocal }: Pick<AwsSession, "nowMs" | "isLocal">): readonly Finding[] {
  const check = `admin ${state.admin}`;
  const problems = findingsOf(state, { isConfigured: isConfigured(state.admin), rotationDays: config.rotation?.days, nowMs: nowMs() });
  if (problems.length === 0) return [{ check, standing: "ok", found: "has a key in the secret and a device" }];
  const standing = !isConfigured(state.admin) || canTurnTheKey(state) ? "warning" : "missing";
  return problems.map((problem) => {
    // Each is what is wrong, a colon, and what to do.
    const [found = problem, ...rest] = problem.split(": ");
    const wayOut = rest.join(": ");
    return { check, standing, found, wayOut: isLocal ? wayOut.replaceAll(/keyturn admin \w+ [\w-]+/g, "$& --local") : wayOut };
  });
}

function canTurnTheKey({ isInGroup, keys, devices, secret }: CredentialState): boolean {
  const held = keys.find(({ id }) => secret.kind === "key" && id === secret.accessKeyId);
  return isInGroup && held?.isActive === true && devices.length > 0;
}
