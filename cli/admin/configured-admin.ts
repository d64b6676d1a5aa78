// Names that `keyturn admin` takes: those of the configuration.

import config from "../../keyturn.config.ts";
import { UsageError } from "../outcome.ts";

export const isConfigured = (name: string): boolean => Object.hasOwn(config.admins, name);

export function assertConfigured(name: string): void {
  if (isConfigured(name)) return;
  throw new UsageError(`${name} is no admin of keyturn.config.ts, which has ${Object.keys(config.admins).join(", ")}.`);
}
