// Synthesises as a deployment would and says all that cdk-nag, CloudFormation's schemas and rules, and the States Language have against it.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppProps } from "aws-cdk-lib";
import * as z from "zod";
import { catalogue } from "../jobs/catalogue.ts";
import { bundle } from "./bundles.ts";
import { addChecks } from "./checks.ts";
import { definitionFaults } from "./definition-faults.ts";
import { buildApp, type KeyturnApp } from "./keyturn-app.ts";

export interface Finding {
  readonly isError: boolean;
  /** cdk-nag's, CloudFormation's or ours. */
  readonly rule: string;
  /** A construct's path, or `<stack>/<logical id>`. */
  readonly where: string;
  readonly message: string;
}

export interface SynthCheck {
  readonly stacks: readonly string[];
  readonly findings: readonly Finding[];
  readonly seconds: { readonly build: number; readonly synth: number; readonly definition: number };
}

/** How the app must be made for this: into `outdir`, and without ending the process over what it finds. */
export type CheckedApp = Required<Pick<AppProps, "outdir" | "postCliContext">>;

/** Synthesises into a folder that is gone afterwards. */
export async function checkSynth(build: (app: CheckedApp) => KeyturnApp | Promise<KeyturnApp>): Promise<SynthCheck> {
  const outdir = await mkdtemp(join(tmpdir(), "keyturn-check-"));
  try {
    const startedMs = performance.now();
    const keyturn = await build({ outdir, postCliContext: { "@aws-cdk/core:failSynthOnValidationErrors": false } });
    addChecks(keyturn);
    const builtMs = performance.now();
    const { stacks } = keyturn.app.synth();
    const reported = reportedFindings(await readFile(join(outdir, "validation-report.json"), "utf8"));
    const synthesisedMs = performance.now();
    const faulty = stacks.flatMap(({ stackName, template }) =>
      definitionFaults(template).map(
        ({ logicalId, message }): Finding => ({ isError: true, rule: "States Language", where: `${stackName}/${logicalId}`, message }),
      ),
    );
    return {
      stacks: stacks.map(({ stackName }) => stackName),
      findings: [...reported, ...faulty],
      seconds: {
        build: (builtMs - startedMs) / 1000,
        synth: (synthesisedMs - builtMs) / 1000,
        definition: (performance.now() - synthesisedMs) / 1000,
      },
    };
  } finally {
    await rm(outdir, { recursive: true });
  }
}

const Report = z.object({
  pluginReports: z.array(
    z.object({
      pluginName: z.string(),
      conclusion: z.enum(["success", "failure"]),
      violations: z.array(
        z.object({
          ruleName: z.string(),
          description: z.string(),
          severity: z.string().optional(),
          violatingConstructs: z.array(z.object({ constructPath: z.string().optional() })),
        }),
      ),
    }),
  ),
});

/** Of the CDK's report; a plugin that fails without a finding is a finding itself. What is acknowledged stands elsewhere in the report. */
function reportedFindings(text: string): Finding[] {
  return Report.parse(JSON.parse(text)).pluginReports.flatMap(({ pluginName, conclusion, violations }): Finding[] => {
    const found = violations.flatMap(({ ruleName, description, severity, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({
        // cdk-nag gives its severities in other words; whatever is not called a warning or less counts.
        isError: !["warning", "informational", "debug"].includes(severity ?? ""),
        rule: ruleName,
        where: constructPath ?? "the app",
        message: description,
      })),
    );
    if (conclusion === "success" || found.some(({ isError }) => isError)) return found;
    return [...found, { isError: true, rule: pluginName, where: "the app", message: "it failed without a finding" }];
  });
}

/** One line per finding, then a summary. */
export function describeCheck({ stacks, findings, seconds }: SynthCheck): string {
  const lines = findings.map(
    ({ isError, rule, where, message }) => `${isError ? "error" : "warning"}  ${rule}  ${where}: ${message.replaceAll(/\s+/g, " ")}`,
  );
  const errors = findings.filter(({ isError }) => isError).length;
  const took = `built in ${seconds.build.toFixed(1)} s, synthesised and checked in ${seconds.synth.toFixed(1)} s, definition in ${seconds.definition.toFixed(1)} s`;
  return [...lines, `${stacks.length} stacks: ${errors} errors, ${findings.length - errors} warnings (${took})`].join("\n");
}

if (import.meta.main) {
  const { default: config } = await import("../keyturn.config.ts");
  const check = await checkSynth(async (app) =>
    buildApp(config, { bundles: await bundle(catalogue.map(({ name }) => name)), isValidated: true, app }),
  );
  console.log(describeCheck(check));
  if (check.findings.some(({ isError }) => isError)) process.exitCode = 1;
}
