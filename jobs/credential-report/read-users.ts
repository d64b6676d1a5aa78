// Reads from IAM what the report needs, user by user, a few at a time.

import {
  GetAccessKeyLastUsedCommand,
  GetLoginProfileCommand,
  type IAMClient,
  NoSuchEntityException,
  paginateListAccessKeys,
  paginateListMFADevices,
  paginateListUsers,
  type User,
} from "@aws-sdk/client-iam";
import type { AccessKey, UserCredentials } from "./user-credentials.ts";

/** IAM throttles an account as a whole; more than this takes calls from whoever else is working. */
const usersAtATime = 8;

/**
 * Every user under `pathPrefix` that is still there when its turn comes. A user deleted meanwhile is left out; any other failure ends the
 * whole reading, so that a report is complete or is not written.
 */
export async function readUsers(iam: IAMClient, pathPrefix: string): Promise<readonly UserCredentials[]> {
  const found: UserCredentials[] = [];
  const users = listUsers(iam, pathPrefix);
  const worker = async (): Promise<void> => {
    for await (const user of users) {
      const credentials = await unlessGone(readUser(iam, user));
      if (credentials !== undefined) found.push(credentials);
    }
  };
  await Promise.all(Array.from({ length: usersAtATime }, worker));
  return found;
}

/** One generator feeds all workers: an async generator queues concurrent `next` calls. */
async function* listUsers(client: IAMClient, PathPrefix: string): AsyncGenerator<User> {
  for await (const page of paginateListUsers({ client }, { PathPrefix })) yield* page.Users ?? [];
}

async function readUser(client: IAMClient, user: User): Promise<UserCredentials> {
  const UserName = present(user.UserName, "a user's name");
  const [accessKeys, mfaDevices, profile] = await Promise.all([
    readAccessKeys(client, UserName),
    readMfaDevices(client, UserName),
    unlessGone(client.send(new GetLoginProfileCommand({ UserName }))),
  ]);
  const passwordCreated = profile?.LoginProfile?.CreateDate;
  return {
    name: UserName,
    arn: present(user.Arn, "a user's ARN"),
    createdAt: present(user.CreateDate, "a user's creation date").toISOString(),
    accessKeys,
    mfaDevices,
    ...(passwordCreated === undefined
      ? {}
      : {
          password: {
            createdAt: passwordCreated.toISOString(),
            ...(user.PasswordLastUsed === undefined ? {} : { lastUsedAt: user.PasswordLastUsed.toISOString() }),
          },
        }),
  };
}

async function readAccessKeys(client: IAMClient, UserName: string): Promise<readonly AccessKey[]> {
  const keys: AccessKey[] = [];
  for await (const page of paginateListAccessKeys({ client }, { UserName })) {
    for (const { AccessKeyId, Status, CreateDate } of page.AccessKeyMetadata ?? []) {
      const id = present(AccessKeyId, "an access key's id");
      const use = (await client.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }))).AccessKeyLastUsed;
      keys.push({
        id,
        active: Status === "Active",
        createdAt: present(CreateDate, "an access key's creation date").toISOString(),
        ...(use?.LastUsedDate === undefined
          ? {}
          : { lastUsedAt: use.LastUsedDate.toISOString(), lastUsedFor: `${use.ServiceName} in ${use.Region}` }),
      });
    }
  }
  return keys;
}

async function readMfaDevices(client: IAMClient, UserName: string): Promise<readonly string[]> {
  const devices: string[] = [];
  for await (const page of paginateListMFADevices({ client }, { UserName })) {
    for (const device of page.MFADevices ?? []) devices.push(present(device.SerialNumber, "an MFA device's serial number"));
  }
  return devices;
}

/** GetLoginProfile answers NoSuchEntity for a user without a password, and every call does for a user deleted meanwhile. */
async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof NoSuchEntityException) return undefined;
    throw error;
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`IAM answered without ${what}.`);
  return value;
}
