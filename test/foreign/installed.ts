// Which foreign clients this machine has; tests of those that it lacks are skipped, and shown as skipped.

import { execFileSync } from "node:child_process";

export function installed(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const hasAws = installed("aws", ["--version"]);
export const hasBoto3 = installed("python3", ["-c", "import boto3"]);
export const hasJq = installed("jq", ["--version"]) && installed("bash", ["--version"]);
