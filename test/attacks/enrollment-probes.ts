// Admins' access keys and MFA devices: what enrolling, rotating and removing takes, tried on bob.

import {
  CreateAccessKeyCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListUsersCommand,
  ListVirtualMFADevicesCommand,
  ResyncMFADeviceCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import {
  CancelRotateSecretCommand,
  DescribeSecretCommand,
  ListSecretVersionIdsCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { groupName, jobRoleName, roleNames } from "../../core/naming.ts";
import type { Deployed } from "./attacked-account.ts";
import { type Probe, unique } from "./probe.ts";

const UserName = "bob";
const SecretId = "keyturn/admins/bob";
/** Who gives keys. */
const both = [roleNames.iamAdmin, roleNames.rotateAdminKey] as const;
const reporter = jobRoleName("credential-report") as "BatchRoleCredentialReport";
const disabler = jobRoleName("disable-access-key") as "BatchRoleDisableAccessKey";
/** Exists nowhere: whoever may gets as far as being told so, and bob keeps what he has. */
const AccessKeyId = "AKIAIOSFODNN7EXAMPLE";
const codes = { AuthenticationCode1: "000000", AuthenticationCode2: "000001" };
const device = (at: Deployed, name: string): string => at.arn("iam", `mfa/keyturn/${name}`).replace(`:${at.region}:`, "::");

const acts: readonly (readonly [what: string, may: Probe["may"], act: (iam: IAMClient, at: Deployed) => Promise<unknown>])[] = [
  ["create an admin's access key", both, (iam) => iam.send(new CreateAccessKeyCommand({ UserName }))],
  [
    "disable an admin's access key",
    [roleNames.iamAdmin],
    (iam) => iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" })),
  ],
  ["delete an admin's access key", both, (iam) => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }))],
  ["list an admin's access keys", [...both, reporter, disabler, "auditor"], (iam) => iam.send(new ListAccessKeysCommand({ UserName }))],
  [
    "see when an admin's access key was used",
    [roleNames.iamAdmin, reporter, disabler],
    async (iam, at) => {
      const key = [...at.emulator.store.accessKeys.values()].find(({ userName }) => userName === UserName);
      await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key?.accessKeyId }));
    },
  ],
  [
    "make a virtual MFA device",
    [roleNames.iamAdmin],
    (iam) => iam.send(new CreateVirtualMFADeviceCommand({ Path: "/keyturn/", VirtualMFADeviceName: unique() })),
  ],
  [
    "delete a virtual MFA device",
    [roleNames.iamAdmin],
    (iam, at) => iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: device(at, "none") })),
  ],
  ["list virtual MFA devices", [roleNames.iamAdmin], (iam) => iam.send(new ListVirtualMFADevicesCommand({}))],
  [
    "give an admin an MFA device",
    [roleNames.iamAdmin],
    (iam, at) => iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber: device(at, "none"), ...codes })),
  ],
  [
    "take an admin's MFA device away",
    [roleNames.iamAdmin],
    (iam, at) => iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber: device(at, "none") })),
  ],
  [
    "resynchronise an admin's MFA device",
    [roleNames.iamAdmin],
    (iam, at) => iam.send(new ResyncMFADeviceCommand({ UserName, SerialNumber: device(at, "none"), ...codes })),
  ],
  ["list an admin's MFA devices", [...both, reporter, "auditor"], (iam) => iam.send(new ListMFADevicesCommand({ UserName }))],
  ["look an admin up", [roleNames.iamAdmin, "auditor"], (iam) => iam.send(new GetUserCommand({ UserName }))],
  ["see an admin's groups", [roleNames.iamAdmin, "auditor"], (iam) => iam.send(new ListGroupsForUserCommand({ UserName }))],
  ["see who is an admin", [roleNames.iamAdmin, "auditor"], (iam) => iam.send(new GetGroupCommand({ GroupName: groupName }))],
  ["list every user", [roleNames.iamAdmin, reporter], (iam) => iam.send(new ListUsersCommand({}))],
];

export const enrollmentProbes: readonly Probe[] = [
  ...acts.map(([what, may, act]): Probe => ({ what, may, attempt: (clientOf, at) => act(clientOf(IAMClient), at) })),
  {
    what: "disable the access key of a user who is no admin",
    may: [disabler],
    attempt: (clientOf, _at, { otherUsersKey: { userName, accessKeyId } }) =>
      clientOf(IAMClient).send(new UpdateAccessKeyCommand({ UserName: userName, AccessKeyId: accessKeyId, Status: "Inactive" })),
  },
  {
    what: "describe an admin's secret",
    may: [...both, "auditor"],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new DescribeSecretCommand({ SecretId })),
  },
  {
    what: "list the versions of an admin's secret",
    may: [roleNames.iamAdmin],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new ListSecretVersionIdsCommand({ SecretId })),
  },
  {
    what: "choose another version of an admin's secret",
    may: both,
    attempt: (clientOf) =>
      clientOf(SecretsManagerClient).send(
        new UpdateSecretVersionStageCommand({ SecretId, VersionStage: "PROBE", MoveToVersionId: "00000000-0000-4000-8000-000000000000" }),
      ),
  },
  {
    what: "have an admin's key rotated, as it is set up",
    may: [roleNames.iamAdmin],
    // The test of what is set up: bob keeps the key that he has.
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new RotateSecretCommand({ SecretId, RotateImmediately: false })),
  },
  {
    what: "have an admin's key rotated by another function",
    may: [],
    attempt: (clientOf, at) =>
      clientOf(SecretsManagerClient).send(
        new RotateSecretCommand({ SecretId, RotateImmediately: false, RotationLambdaARN: at.arn("lambda", "function:keyturn-admit-run") }),
      ),
  },
  {
    what: "change when an admin's key is rotated",
    may: [],
    attempt: (clientOf) =>
      clientOf(SecretsManagerClient).send(
        new RotateSecretCommand({ SecretId, RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 1000 } }),
      ),
  },
  {
    what: "turn rotation of an admin's key off",
    may: [],
    attempt: (clientOf) => clientOf(SecretsManagerClient).send(new CancelRotateSecretCommand({ SecretId })),
  },
];
