// Everything that some principal needs and another must not have, group by group, with the claims of the design that each group stands for.

import { auditProbes } from "./audit-probes.ts";
import { dataProbes } from "./data-probes.ts";
import { enrollmentProbes } from "./enrollment-probes.ts";
import { logProbes } from "./log-probes.ts";
import { privilegeProbes } from "./privilege-probes.ts";
import type { Probe } from "./probe.ts";
import { recordProbes } from "./record-probes.ts";
import { relayProbes } from "./relay-probes.ts";
import { jobProbes, runProbes } from "./run-probes.ts";
import { eventProbes, scheduleProbes } from "./start-probes.ts";
import { stepProbes } from "./step-probes.ts";

export interface ProbeGroup {
  readonly title: string;
  /** Why it is so: the claims, and what an attacker would gain otherwise. */
  readonly why: string;
  readonly probes: readonly Probe[];
}

export const probeGroups: readonly ProbeGroup[] = [
  {
    title: "The steps of a run",
    why: "Claims 1, 2 and 4: the state machine takes on one role per step, each role invokes one task, and nobody takes on another's role.",
    probes: stepProbes,
  },
  {
    title: "Runs and jobs",
    why: "Claims 5 and 8: operators start, answer, watch, stop and replay runs; only the workflow submits jobs, and only those of the catalogue.",
    probes: [...runProbes, ...jobProbes],
  },
  {
    title: "Schedules and events",
    why: "Claims 8 and 9: schedules and events start runs through one Lambda each; operators turn schedules off and on, and change none.",
    probes: [...scheduleProbes, ...eventProbes],
  },
  {
    title: "Sealed envelopes",
    why: "Claims 5, 6 and 7: each hop of the relay is sealed by one role and opened by the next; whoever submits opens nothing.",
    probes: relayProbes,
  },
  {
    title: "Secrets, data and messages",
    why: "Claims 3 and 8: one role reads admins' keys, another writes them; reports are written by their job and read by the report reader.",
    probes: dataProbes,
  },
  { title: "Logs", why: "Claims 2 and 8: each program writes its own log; operators read jobs' logs, auditors all.", probes: logProbes },
  {
    title: "Enrolling admins",
    why: "Claims 3 and 9: access keys and MFA devices are the IAM admins' business; the people whom they belong to cannot touch them, and no job can.",
    probes: enrollmentProbes,
  },
  {
    title: "The record of runs",
    why: "Claims 8 and 9: record-run adds records and can do nothing else to them; auditors read them; nobody changes or removes one.",
    probes: recordProbes,
  },
  { title: "Auditing", why: "Claim 8: auditors read who may what, and no secret and no data.", probes: auditProbes },
  {
    title: "Ways to more privileges",
    why: "Claim 9: no principal of this system can raise its own privileges.",
    probes: privilegeProbes,
  },
];

export const allProbes: readonly Probe[] = probeGroups.flatMap(({ probes }) => probes);
