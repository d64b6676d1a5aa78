// One rule for each event that a job declares. Its Lambda gets the event whole, as JSON within JSON: a template would put foreign text between
// our quotes without escaping it.

import type { Stack } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { eventRuleName, pascalCase } from "../../core/naming.ts";
import type { JobDefinition, JobEvent } from "../../jobs/definition.ts";
import { eventPlaceOf } from "../arns.ts";
import type { MissedStarts } from "./missed-starts.ts";
import { StartRule } from "./start-rule.ts";

export interface EventRulesProps {
  readonly jobs: readonly JobDefinition[];
  readonly missed: MissedStarts;
  readonly startEventRun: IFunction;
}

export class EventRules extends Construct {
  constructor(stack: Stack, { jobs, missed, startEventRun }: EventRulesProps) {
    super(stack, "EventRules");
    for (const job of jobs) {
      for (const event of job.events ?? []) {
        new StartRule(this, pascalCase(`${job.name}-${event.name}`), {
          name: eventRuleName(job.name, event.name),
          description: `Keyturn: ${event.reason}`,
          pattern: event.pattern(eventPlaceOf(stack, job.name)),
          target: startEventRun,
          input: { inputTemplate: inputTemplate(job.name, event) },
          missed,
        });
      }
    }
  }
}

/** What was declared, as text that no event changes, and after it what only EventBridge says: when it took the event, and the event. */
function inputTemplate(job: string, { name, admin, reason, perHour = 4, parameters = {} }: JobEvent): string {
  const declared = JSON.stringify({ job, name, admin, reason, perHour, parameters });
  return `${declared.slice(0, -1)}, "ingestedAt": <aws.events.event.ingestion-time>, "event": <aws.events.event.json>}`;
}
