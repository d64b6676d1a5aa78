// This machine: the Node that runs this, and what builds the jobs' images.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Finding } from "./finding.ts";

/** @param range - as in package.json, `>=20` or `>=20.1.2`; anything else throws */
export function checkNode(version: string, range: string): Finding {
  const check = "Node";
  const [, least] = /^>=(\d+(?:\.\d+){0,2})$/.exec(range) ?? [];
  if (least === undefined) throw new Error(`package.json asks for Node ${range}, which only npm can read`);
  if (isAtLeast(version, least)) return { check, standing: "ok", found: `${version}, and package.json asks for ${range}` };
  return { check, standing: "missing", found: `${version}, but package.json asks for ${range}`, wayOut: "npm ci" };
}

function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split(".").map(Number));
  for (const [index, part] of (want ?? []).entries()) {
    const difference = (have?.[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The CDK builds images with what `CDK_DOCKER` names, or docker. */
export async function checkContainerEngine(environment: NodeJS.ProcessEnv, { isLocal }: { isLocal: boolean }): Promise<Finding> {
  const check = "container engine";
  if (isLocal) return { check, standing: "does not apply", found: "the local account runs jobs as processes" };
  const engine = environment["CDK_DOCKER"] ?? "docker";
  if (await isOnPath(engine, environment["PATH"] ?? ""))
    return { check, standing: "ok", found: `${engine} is here to build the jobs' images` };
  return {
    check,
    standing: "warning",
    found: `no ${engine} on the PATH, and whoever deploys needs one to build the jobs' images`,
    wayOut: "install Docker, or name another: export CDK_DOCKER=finch",
  };
}

async function isOnPath(program: string, path: string): Promise<boolean> {
  const names = process.platform === "win32" ? [`${program}.exe`, `${program}.cmd`] : [program];
  const places = program.includes("/") ? [program] : path.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const found = await Promise.all(
    places.map((place) =>
      access(place, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
