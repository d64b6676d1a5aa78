// Turns what somebody asked for into an order, or names everything that is wrong with it at once.

import * as z from "zod/mini";
import { canonicalJson } from "../../core/canonical-json.ts";
import { KeyturnError } from "../../core/errors.ts";
import type { Order, ParameterValue } from "../../core/order.ts";
import { reasonFault } from "../../core/reason.ts";
import { executionOf, mostExecutions } from "../../core/resume.ts";
import { isRunId, runIdRule } from "../../core/run-id.ts";
import { composeOrder, type DeployedJob } from "../../jobs/compose-order.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { isRecord, kindOf, quoted } from "./foreign-value.ts";
import { parameterFaults } from "./parameter-faults.ts";
import { orderChanges, type Resume, readResume, unknownMembers } from "./resume.ts";

export interface AdmitRunInput {
  /** The execution name. */
  readonly run: unknown;
  /** The execution's start, ISO 8601. */
  readonly startedAt: string;
  /** The execution's input, as somebody gave it. */
  readonly input: unknown;
}

export interface AdmitRunDependencies {
  readonly catalogue: readonly JobDefinition[];
  /** Names of the configured admins. */
  readonly admins: readonly string[];
  readonly plan: Readonly<Record<string, DeployedJob>>;
}

/** All parameters as canonical JSON; what a container's overrides can carry is limited. */
const parametersMaxLength = 2_048;
/** Base64 characters of a sealed code. */
const sealedCodeMaxLength = 8_192;

const members = ["job", "admin", "mfaCode", "parameters", "reason"] as const;
/** Of a replay that takes its order over; `resume` itself stands in every replay. */
const resumedMembers = ["resume", "mfaCode", "reason"] as const;

const PlainCode = z.string().check(z.regex(/^[0-9]{6}$/));
const SealedCode = z.strictObject({
  sealed: z.string().check(z.regex(/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/), z.maxLength(sealedCodeMaxLength)),
});

/** Returns the order; throws `InvalidRun` with one line per fault. */
export function admitRun({ run: execution, startedAt, input }: AdmitRunInput, dependencies: AdmitRunDependencies): Order {
  const faults: string[] = isRunId(execution) ? [] : [`run: the execution name must be ${runIdRule}`];
  if (!isRecord(input)) {
    faults.push(`input: must be a JSON object such as {"job": "…", "admin": "…"}, not ${kindOf(input)}`);
    throw invalid(execution, faults);
  }
  const { run, resume, asked } = readBeginning(input, { execution, faults });
  const job = readJob(asked["job"], dependencies, faults);
  const admin = readAdmin(asked["admin"], { job, admins: dependencies.admins, faults });
  const parameters = readParameters(asked["parameters"], job, faults);
  const reason = readReason(asked["reason"], faults);
  checkCode(input["mfaCode"], faults);
  const deployed = job && dependencies.plan[job.name];
  if (!isRunId(run) || job === undefined || admin === undefined || parameters === undefined || !deployed || faults.length > 0) {
    throw invalid(execution, faults);
  }
  const order = composeOrder(job, { run, admin, parameters, reason, startedAtMs: Date.parse(startedAt), deployed });
  const changes = resume?.order && orderChanges(resume.order, order);
  if (changes !== undefined) throw invalid(execution, [changes]);
  return order;
}

interface Beginning {
  /** The execution's name, or that of the run which it replays. */
  readonly run: unknown;
  readonly resume?: Resume | undefined;
  /** Where job, admin, parameters and reason stand. */
  readonly asked: Readonly<Record<string, unknown>>;
}

function readBeginning(
  input: Readonly<Record<string, unknown>>,
  { execution, faults }: { execution: unknown; faults: string[] },
): Beginning {
  if (!Object.hasOwn(input, "resume")) {
    faults.push(...unknownMembers(input, { takes: [...members, "resume"] }));
    if (typeof execution === "string" && executionOf(execution).number > 1) {
      faults.push(`run: names that end in -r2 to -r${mostExecutions} are those of replays; choose another, or resume a run with it`);
    }
    return { run: execution, asked: input };
  }
  const resume = readResume(input["resume"], { execution, faults });
  // Without a state to resume at, the rest of the input cannot be judged.
  if (resume === undefined) throw invalid(execution, faults);
  if (resume.order === undefined) {
    faults.push(...unknownMembers(input, { takes: [...members, "resume"] }));
    return { run: resume.run, resume, asked: input };
  }
  faults.push(...unknownMembers(input, { takes: resumedMembers }));
  const { job, admin, parameters, reason } = resume.order;
  return { run: resume.run, resume, asked: { job, admin, parameters, reason: input["reason"] ?? reason } };
}

function readJob(value: unknown, { catalogue, plan }: AdmitRunDependencies, faults: string[]): JobDefinition | undefined {
  const names = catalogue.map((job) => job.name).join(", ");
  if (typeof value !== "string") {
    faults.push(`job: ${value === undefined ? "missing" : `must be text, not ${kindOf(value)}`}; the catalogue has ${names}`);
    return undefined;
  }
  const job = catalogue.find(({ name }) => name === value);
  if (job === undefined) faults.push(`job: ${quoted(value)} is not in the catalogue, which has ${names}`);
  else if (plan[job.name] === undefined)
    faults.push(`job: ${job.name} is in the catalogue but not deployed; deploy the jobs and workflow stacks`);
  return job;
}

function readAdmin(
  value: unknown,
  { job, admins, faults }: { job: JobDefinition | undefined; admins: readonly string[]; faults: string[] },
): string | undefined {
  if (typeof value !== "string") {
    const who = job === undefined ? "" : `; ${job.name} may be launched by ${job.admins.join(", ")}`;
    faults.push(`admin: ${value === undefined ? "missing" : `must be text, not ${kindOf(value)}`}${who}`);
    return undefined;
  }
  if (!admins.includes(value)) {
    faults.push(`admin: ${quoted(value)} is not one of the configured admins; look at admins in keyturn.config.ts`);
    return undefined;
  }
  if (job !== undefined && !job.admins.includes(value)) {
    faults.push(`admin: ${value} may not launch ${job.name}; ${job.admins.join(", ")} may (admins in jobs/${job.name}/job.ts)`);
    return undefined;
  }
  return value;
}

function readParameters(
  value: unknown,
  job: JobDefinition | undefined,
  faults: string[],
): Readonly<Record<string, ParameterValue>> | undefined {
  if (value !== undefined && !isRecord(value)) {
    faults.push(`parameters: must be a JSON object, not ${kindOf(value)}`);
    return undefined;
  }
  if (job === undefined) return undefined;
  const parsed = job.parameters.safeParse(value ?? {});
  if (!parsed.success) {
    faults.push(...parameterFaults(parsed.error.issues, { job, given: value ?? {} }));
    return undefined;
  }
  // An optional parameter that was not given has no place in the order: JSON has no undefined.
  const given = Object.entries(parsed.data).filter((entry): entry is [string, ParameterValue] => entry[1] !== undefined);
  const parameters = Object.fromEntries(given);
  const unprintable = given.filter(([, text]) => typeof text === "string" && /[\p{Cc}\p{Cs}]/u.test(text));
  // An argument of a program cannot hold them all, and neither can canonical JSON.
  faults.push(...unprintable.map(([name]) => `parameters.${name}: must be without control characters`));
  if (unprintable.length > 0) return undefined;
  const length = canonicalJson(parameters).length;
  if (length > parametersMaxLength) faults.push(`parameters: ${length} characters of JSON; at most ${parametersMaxLength}`);
  return parameters;
}

function readReason(value: unknown, faults: string[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    faults.push(`reason: must be text, not ${kindOf(value)}`);
    return undefined;
  }
  const fault = reasonFault(value);
  if (fault === undefined) return value;
  faults.push(`reason: ${fault}`);
  return undefined;
}

function checkCode(value: unknown, faults: string[]): void {
  if (value === undefined || PlainCode.safeParse(value).success || SealedCode.safeParse(value).success) return;
  // Never quotes the value: it may be a code with a typing error.
  faults.push(`mfaCode: must be the six digits as text, or {"sealed": base64 of at most ${sealedCodeMaxLength} characters}`);
}

function invalid(run: unknown, faults: readonly string[]): KeyturnError {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const name = isRunId(run) ? `Run ${run}` : "The run";
  return new KeyturnError("InvalidRun", `${name} was not admitted: ${count}.\n${faults.map((fault) => `- ${fault}`).join("\n")}`, {
    facts: { faults: faults.length },
  });
}
