// A configuration without fault; tests change one thing in it.

import type { KeyturnConfigInput } from "../../infra/config.ts";

export const validConfig: KeyturnConfigInput = {
  region: "us-east-1",
  zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
  admins: { alice: { email: "alice@example.com" }, bob: {} },
  notifications: { emails: ["operators@example.com"] },
  network: {
    cidr: "10.64.0.0/22",
    subnetMasks: { tasks: 27, endpoints: 27, jobs: 26 },
    prefixLists: { s3: "pl-63a5400a", dynamodb: "pl-02cd2c6b" },
  },
  retention: { logDays: 365, oldReportDays: 90, onDelete: "keep" },
  records: { lock: "compliance", days: 730 },
  limits: { approvalSeconds: 14_400, refusals: 5, lockSeconds: 900, queueSeconds: 1800, vcpus: 16 },
  rotation: { days: 90 },
  iamAdmin: { trustedPrincipals: [], requireMfa: true },
  reportReader: { trustedPrincipals: [], requireMfa: true },
  tags: { application: "keyturn", owner: "cloud-security" },
  boundary: { actions: ["iam:ListUsers", "iam:ListAccessKeys", "s3:GetObject", "s3:PutObject", "sns:Publish"] },
};
