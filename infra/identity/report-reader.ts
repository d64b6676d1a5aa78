// Who reads what the jobs wrote: the one role that people use for it, named in every data key's policy.

import type { Stack } from "aws-cdk-lib";
import { roleNames } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import type { PeopleTrust } from "../config.ts";
import type { ExactRoleProps } from "../constructs/role.ts";
import { trustPeople } from "./trust.ts";

/** Object and key are both needed: this gives the objects, the data keys' policies give Decrypt. */
export function reportReaderRole(stack: Stack, of: { jobs: readonly JobDefinition[]; trust: PeopleTrust }): ExactRoleProps {
  const buckets = of.jobs.map(({ name }) => arnsOf(stack).bucket(name));
  return {
    roleName: roleNames.reportReader,
    description: "Keyturn: reads what the jobs wrote, and writes nothing",
    trust: [trustPeople(stack, of.trust)],
    permissions: [
      { sid: "FindReports", actions: ["s3:ListBucket"], resources: buckets },
      { sid: "ReadReports", actions: ["s3:GetObject"], resources: buckets.map((bucket) => `${bucket}/*`) },
    ],
  };
}
