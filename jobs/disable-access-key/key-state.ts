// Reads what IAM says of one key of one user.

import { GetAccessKeyLastUsedCommand, type IAMClient, paginateListAccessKeys } from "@aws-sdk/client-iam";

/** Times are ISO 8601. */
export interface KeyState {
  readonly user: string;
  readonly accessKeyId: string;
  readonly status: "Active" | "Inactive";
  readonly createdAt: string;
  /** Null if IAM has never seen it used. */
  readonly lastUsedAt: string | null;
  /** Service and region of the last use, e.g. `s3 in us-east-1`. */
  readonly lastUsedFor: string | null;
}

/** Refused for a reason that another attempt would meet again. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Throws `Refused` where the session may not see the user, or the key is not that user's. */
export async function readKey(client: IAMClient, of: { user: string; accessKeyId: string }): Promise<KeyState> {
  const { user, accessKeyId } = of;
  const listed = await listKeys(client, user);
  const key = listed.find(({ AccessKeyId }) => AccessKeyId === accessKeyId);
  if (key === undefined) {
    const has = listed.map(({ AccessKeyId, Status }) => `${AccessKeyId} (${Status?.toLowerCase()})`);
    throw new Refused(
      `${accessKeyId} is no key of ${user}, who has ${has.length === 0 ? "none" : has.join(" and ")}. Nothing was changed.`,
    );
  }
  const { AccessKeyLastUsed: use } = await client.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }));
  return {
    user,
    accessKeyId,
    status: key.Status === "Inactive" ? "Inactive" : "Active",
    createdAt: key.CreateDate?.toISOString() ?? "",
    lastUsedAt: use?.LastUsedDate?.toISOString() ?? null,
    lastUsedFor: use?.LastUsedDate === undefined ? null : `${use.ServiceName} in ${use.Region}`,
  };
}

async function listKeys(client: IAMClient, UserName: string) {
  const keys = [];
  try {
    for await (const { AccessKeyMetadata = [] } of paginateListAccessKeys({ client }, { UserName })) keys.push(...AccessKeyMetadata);
    return keys;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "NoSuchEntity" || error.name === "NoSuchEntityException") {
      throw new Refused(`There is no IAM user ${UserName}. Nothing was changed.`, { cause: error });
    }
    // The session holds for the user under the given path alone; IAM does not say whether it is the path that is wrong.
    if (error.name !== "AccessDenied" && error.name !== "AccessDeniedException") throw error;
    throw new Refused(
      `This run may not see the keys of ${UserName}: no user of that name has the path that the run was given. Take both from the user's ARN, as the credential report has it. Nothing was changed.`,
      { cause: error },
    );
  }
}
