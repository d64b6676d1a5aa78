// A run before it is started: its id, and its input, checked by the very code that will admit it.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import * as z from "zod";
import { isKeyturnError } from "../../core/errors.ts";
import type { Order } from "../../core/order.ts";
import { catalogue, findJob } from "../../jobs/catalogue.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import config from "../../keyturn.config.ts";
import { admitRun } from "../../tasks/admit-run/task.ts";
import { UsageError } from "../outcome.ts";

/** Without what is mistaken for something else when somebody reads it out. */
const letters = "23456789abcdefghjkmnpqrstuvwxyz";

/** `20261122-010628-x7kq2`: sorts by time, and is unlike any other of the same second. */
export function newRunId(nowMs: number): string {
  const [day = "", time = ""] = new Date(nowMs).toISOString().split(/[T.]/);
  const rest = Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join("");
  return `${day.replaceAll("-", "")}-${time.replaceAll(":", "")}-${rest}`;
}

/** Throws UsageError where there is no such job. */
export function requireJob(name: string): JobDefinition {
  const job = findJob(name);
  if (job !== undefined) return job;
  throw new UsageError(`There is no job ${name}. The catalogue has: ${catalogue.map((one) => one.name).join(", ")}.`);
}

/** The one admin who may launch the job, where nobody is named and there is no choice. */
export function adminOf(job: JobDefinition, given: string | undefined): string {
  const [only, ...others] = job.admins;
  if (given !== undefined) return given;
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(`Whose code will you give? Name one with --admin: ${job.admins.join(", ")} may launch ${job.name}.`);
}

/** Every `--param`: citty keeps the last of several. */
export function everyParam(rawArgs: readonly string[]): readonly string[] {
  const { values } = parseArgs({ args: [...rawArgs], options: { param: { type: "string", multiple: true } }, strict: false });
  return (values.param ?? []).filter((value) => typeof value === "string");
}

const Properties = z.object({ properties: z.record(z.string(), z.object({ type: z.string().optional() })) });

/** `k=v` of each `--param`, as the job's schema types it; what does not fit stays text, for the admission to say so. */
export function readParameters(given: readonly string[], job: JobDefinition): Readonly<Record<string, unknown>> {
  const { properties } = Properties.parse(z.toJSONSchema(job.parameters, { io: "input" }));
  const read = new Map<string, unknown>();
  for (const text of given) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`--param takes name=value, such as --param ${Object.keys(properties)[0] ?? "name"}=value.`);
    const name = text.slice(0, at);
    if (read.has(name)) throw new UsageError(`--param ${name} is given twice.`);
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    read.set(name, typed(text.slice(at + 1), type));
  }
  return Object.fromEntries(read);
}

function typed(value: string, type: string | undefined): unknown {
  if ((type === "integer" || type === "number") && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

export interface RunInput {
  readonly job: string;
  readonly admin: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** What `AdmitRun` would make of the input, but for ARNs that only AWS knows; throws UsageError with its very words. */
export function admitBeforehand(run: string, input: RunInput, nowMs: number): Order {
  const { queueSeconds } = config.limits;
  const deployed = { jobDefinition: "", jobRole: "", jobQueue: "", queueSeconds };
  const dependencies = {
    catalogue,
    admins: Object.keys(config.admins),
    plan: Object.fromEntries(catalogue.map(({ name }) => [name, deployed])),
  };
  try {
    return admitRun({ run, startedAt: new Date(nowMs).toISOString(), input }, dependencies);
  } catch (error) {
    if (!isKeyturnError(error, "InvalidRun")) throw error;
    const faults = error.message.split("\n").slice(1).join("\n");
    throw new UsageError(`Nothing was started; the run would not be admitted:\n${faults}\nSee keyturn plan ${input.job}.`, {
      cause: error,
    });
  }
}

/** The parameters as an order would have them, defaults resolved; throws UsageError as admission would refuse them. */
export function admittedParameters(job: JobDefinition, parameters: Readonly<Record<string, unknown>>): Order["parameters"] {
  const [admin = ""] = job.admins;
  return admitBeforehand("plan", { job: job.name, admin, parameters }, 0).parameters;
}
