// This installation: who, where, how long, how much. Checked as a whole on every synth.

import { defineConfig } from "./infra/config.ts";

export default defineConfig({
  region: "us-east-1",
  // Names differ in meaning from account to account. In us-east-1 leave out the one whose id is use1-az3, where Lambda and some endpoints are not:
  // aws ec2 describe-availability-zones --query 'AvailabilityZones[].[ZoneName,ZoneId]'
  zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
  admins: {
    alice: { email: "alice@example.com" },
    bob: {},
  },
  notifications: { emails: ["operators@example.com"] },
  network: {
    cidr: "10.64.0.0/22",
    subnetMasks: { tasks: 27, endpoints: 27, jobs: 26 },
    prefixLists: { s3: "pl-63a5400a", dynamodb: "pl-02cd2c6b" },
  },
  retention: { logDays: 365, oldReportDays: 90, onDelete: "keep" },
  // Governance first: a record locked under compliance cannot be deleted before its days are over, not even by the account's root.
  records: { lock: "governance", days: 365 },
  limits: { approvalSeconds: 14_400, refusals: 5, lockSeconds: 900, queueSeconds: 1800, vcpus: 16 },
  // Leave it out, and keys are rotated by hand only (keyturn admin rotate).
  rotation: { days: 90 },
  iamAdmin: { trustedPrincipals: [], requireMfa: true },
  reportReader: { trustedPrincipals: [], requireMfa: true },
  tags: { application: "keyturn", owner: "cloud-security" },
  boundary: {
    actions: [
      "iam:GetAccessKeyLastUsed",
      "iam:GetLoginProfile",
      "iam:ListAccessKeys",
      "iam:ListMFADevices",
      "iam:ListUsers",
      "iam:UpdateAccessKey",
      "s3:GetObject",
      "s3:PutObject",
    ],
  },
});
