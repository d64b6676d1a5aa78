// The catalogue: every job that can be started. What is not listed here does not exist for admission, stacks and policies.

import { credentialReport } from "./credential-report/job.ts";
import type { JobDefinition } from "./definition.ts";
import { disableAccessKey } from "./disable-access-key/job.ts";

export const catalogue: readonly JobDefinition[] = [credentialReport, disableAccessKey];

export const findJob = (name: string): JobDefinition | undefined => catalogue.find((job) => job.name === name);
