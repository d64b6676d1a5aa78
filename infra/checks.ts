// cdk-nag's AWS Solutions rules over every synth, and the findings that are answered, each with its answer.

import { type IPolicyValidationPlugin, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { KeyturnApp } from "./keyturn-app.ts";

/** Adds the rules; a finding without an answer below ends the synth. */
export function addChecks(keyturn: KeyturnApp): void {
  // cdk-nag's declarations differ from the CDK's under exactOptionalPropertyTypes only.
  Validations.of(keyturn.app).addPlugins(new SolutionsChecks(keyturn.app) as IPolicyValidationPlugin);
  acknowledge(keyturn);
}

function acknowledge({ jobs, keys, record, workflow, config }: KeyturnApp): void {
  if (config.rotation === undefined) {
    Validations.of(keys).acknowledge({
      id: "AwsSolutions-SMG4",
      reason: "keyturn.config.ts has no rotation: the IAM admin rotates by hand, and keyturn admin list says of whom it is time.",
    });
  }
  Validations.of(jobs).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Whoever reads an object needs the job's data key, and KMS logs every use of it with the bucket's ARN as context.",
  });
  Validations.of(record).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Whoever writes or reads a record needs the records' key, and KMS logs every use of it with the object's ARN as context.",
  });
  Validations.of(workflow).acknowledge(
    {
      id: "AwsSolutions-SF1",
      reason: "Step Functions keeps every event in the encrypted history for 90 days; the log is for errors, and holds no execution data.",
    },
    { id: "AwsSolutions-SQS3", reason: "The only queue is the schedules' dead-letter queue itself." },
  );
}

/**
 * Without IAM5's findings on resources: our rule is stricter on `*` (infra/statement.ts refuses one without a reason, and the template says it),
 * and takes names with a wildcard, which stand for what is named at run time: log streams, revisions, executions, users under our path.
 * Its findings on actions stay.
 */
class SolutionsChecks extends AwsSolutionsChecks {
  override validateScope(...scope: Parameters<AwsSolutionsChecks["validateScope"]>): ReturnType<AwsSolutionsChecks["validateScope"]> {
    const report = super.validateScope(...scope);
    const violations = report.violations.filter(({ ruleName }) => !ruleName.startsWith("AwsSolutions-IAM5[Resource::"));
    return { ...report, success: violations.length === 0, violations };
  }
}
