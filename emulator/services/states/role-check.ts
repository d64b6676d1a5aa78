// What Step Functions checks of a role when a state machine is made.

import { AwsError } from "../../aws-error.ts";
import type { Environment, Gateway } from "../../service.ts";
import type { RoleSessions } from "./role-sessions.ts";

/** The managed rule by which Step Functions hears of jobs' ends (Developer Guide, "IAM policies for calling AWS Batch"). */
const jobsRule = "StepFunctionsGetEventsForBatchJobsRule";
const ruleActions = ["events:PutTargets", "events:PutRule", "events:DescribeRule"] as const;

/** Throws AccessDeniedException unless the role trusts Step Functions and, for jobs, may keep the managed rule. */
export async function assertMachineRole(
  of: { arn: string; roleArn: string; usesJobs: boolean },
  { environment, gateway, sessions }: { environment: Environment; gateway: Gateway; sessions: RoleSessions },
): Promise<void> {
  const credentials = await sessions.ofMachine({ machineArn: of.arn, roleArn: of.roleArn });
  if (!of.usesJobs) return;
  const resource = `arn:aws:events:${environment.region}:${environment.account}:rule/${jobsRule}`;
  for (const action of ruleActions) {
    try {
      await gateway.authorize({ credentials, permission: { action, resource } });
    } catch (cause) {
      throw new AwsError("AccessDeniedException", `'${of.roleArn}' is not authorized to create managed-rule.`, { cause });
    }
  }
}
