// Long-term access keys: two per user at most, their last use as the gateway saw it.

import type {
  CreateAccessKeyCommandInput,
  DeleteAccessKeyCommandInput,
  GetAccessKeyLastUsedCommandInput,
  ListAccessKeysCommandInput,
  UpdateAccessKeyCommandInput,
} from "@aws-sdk/client-iam";
import { ask, type IamAccount, operation, targetArn, userOf } from "./account.ts";
import { noSuch, quotaExceeded, required, validationError } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { type AccessKey, keysOf } from "./store.ts";
import { namedOrCaller } from "./users.ts";

const keysPerUser = 2;

const keyView = (key: AccessKey) => ({
  UserName: key.userName,
  AccessKeyId: key.accessKeyId,
  Status: key.active ? ("Active" as const) : ("Inactive" as const),
  CreateDate: new Date(key.createdAtMs),
});

function keyOfUser(iam: IamAccount, userName: string | undefined, id: string | undefined): AccessKey {
  const user = userOf(iam, userName);
  const key = iam.store.accessKeys.get(required(id, "accessKeyId"));
  if (key === undefined || key.userName !== user.name) throw noSuch(`The Access Key with id ${id} cannot be found.`);
  return key;
}

export const accessKeyOperations = (iam: IamAccount) => {
  const onUser = (action: string, name: string | undefined) => [ask(action, targetArn(iam, "user", name))];
  return {
    CreateAccessKey: operation<CreateAccessKeyCommandInput>({
      permissions: (input, call) => onUser("CreateAccessKey", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        if (keysOf(iam.store, user.name).length >= keysPerUser) throw quotaExceeded("AccessKeysPerUser", keysPerUser);
        const key: AccessKey = {
          accessKeyId: iam.environment.uniqueId("AKIA"),
          secretAccessKey: Buffer.from(iam.environment.randomBytes(30)).toString("base64"),
          userName: user.name,
          createdAtMs: iam.environment.clock.now(),
          active: true,
        };
        iam.store.accessKeys.set(key.accessKeyId, key);
        return { AccessKey: { ...keyView(key), SecretAccessKey: key.secretAccessKey } };
      },
    }),
    ListAccessKeys: operation<ListAccessKeysCommandInput>({
      permissions: (input, call) => onUser("ListAccessKeys", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        const { items, end } = pageOf(keysOf(iam.store, user.name), input, ({ accessKeyId }) => accessKeyId);
        return { AccessKeyMetadata: items.map(keyView), ...end };
      },
    }),
    UpdateAccessKey: operation<UpdateAccessKeyCommandInput>({
      permissions: (input, call) => onUser("UpdateAccessKey", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const key = keyOfUser(iam, namedOrCaller(input.UserName, call), input.AccessKeyId);
        if (input.Status !== "Active" && input.Status !== "Inactive")
          throw validationError(
            `1 validation error detected: Value '${input.Status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]`,
          );
        key.active = input.Status === "Active";
        return {};
      },
    }),
    DeleteAccessKey: operation<DeleteAccessKeyCommandInput>({
      permissions: (input, call) => onUser("DeleteAccessKey", namedOrCaller(input.UserName, call)),
      run(input, call) {
        iam.store.accessKeys.delete(keyOfUser(iam, namedOrCaller(input.UserName, call), input.AccessKeyId).accessKeyId);
        return {};
      },
    }),
    GetAccessKeyLastUsed: operation<GetAccessKeyLastUsedCommandInput>({
      permissions: (input) => onUser("GetAccessKeyLastUsed", iam.store.accessKeys.get(input.AccessKeyId ?? "")?.userName ?? "*"),
      run(input) {
        const key = iam.store.accessKeys.get(required(input.AccessKeyId, "accessKeyId"));
        if (key === undefined) throw noSuch(`The Access Key with id ${input.AccessKeyId} cannot be found.`);
        const { lastUsed } = key;
        return {
          UserName: key.userName,
          AccessKeyLastUsed:
            lastUsed === undefined
              ? { ServiceName: "N/A", Region: "N/A" }
              : { LastUsedDate: new Date(lastUsed.atMs), ServiceName: lastUsed.serviceName, Region: lastUsed.region },
        };
      },
    }),
  };
};
