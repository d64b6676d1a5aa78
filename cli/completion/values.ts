// Values that are known without AWS: from the catalogue, the configuration and the AWS config file. Each loads what it needs when it is asked.

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

type Values = (positionals: readonly string[]) => Promise<readonly string[]>;

export const jobNames: Values = async () => (await import("../../jobs/catalogue.ts")).catalogue.map(({ name }) => name);

export const scheduledJobNames: Values = async () =>
  (await import("../../jobs/catalogue.ts")).catalogue.filter(({ schedule }) => schedule).map(({ name }) => name);

/** Those who may launch the job that is named, or all. */
export const adminsOfJob: Values = async ([job = ""]) => (await findJob(job))?.admins ?? adminNames([]);

/** `name=`, for the value to follow. */
export const parametersOfJob: Values = async ([job = ""]) =>
  Object.keys((await findJob(job))?.parameters.shape ?? {}).map((name) => `${name}=`);

export const adminNames: Values = async () => Object.keys((await import("../../keyturn.config.ts")).default.admins);

/** Of the AWS config file; none where there is no such file. */
export const profileNames: Values = async () => {
  const path = process.env["AWS_CONFIG_FILE"] ?? join(homedir(), ".aws", "config");
  const text = await readFile(path, "utf8").catch(() => "");
  return [...text.matchAll(/^\[(?:profile )?([^\]\s]+)\]/gm)].map(([, name = ""]) => name);
};

const findJob = async (name: string) => (await import("../../jobs/catalogue.ts")).findJob(name);
