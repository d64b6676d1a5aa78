// How a task becomes the one file that Lambda loads: the stacks bundle with it, the size test measures with it.

import { fileURLToPath } from "node:url";

/**
 * esbuild's options. ES modules of the SDK are taken (`mainFields`), since only those lose what is not used; the credential sources that a
 * Lambda never has (its role's credentials stand in its environment) stay out: they are imported dynamically, and only when the environment
 * holds no credentials.
 */
export const taskBundling = {
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node24",
  mainFields: ["module", "main"],
  external: [
    "@aws-sdk/credential-provider-ini",
    "@aws-sdk/credential-provider-login",
    "@aws-sdk/credential-provider-process",
    "@aws-sdk/credential-provider-sso",
    "@aws-sdk/credential-provider-web-identity",
  ],
  // Node reads every member of a module of its own that is imported, and some of them load others: a third of what the SDK takes to load.
  alias: {
    "node:http": fileURLToPath(import.meta.resolve("./node/http.ts")),
    "node:process": fileURLToPath(import.meta.resolve("./node/process.ts")),
  },
  // CommonJS inside the bundle asks for Node's own modules with require.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const;

/** Names of the tasks: folders beside this file, and the functions' names behind `functionName`. */
export const taskNames = [
  "admit-run",
  "request-mfa",
  "validate-mfa",
  "retrieve-credentials",
  "authorize-submission",
  "rotate-admin-key",
  "announce-end",
  "record-run",
  "start-scheduled-run",
  "start-event-run",
] as const;

/** What may be uploaded: a run waits while a step's bundle is loaded; nobody waits for record-run, which talks to four services. */
export const mostBundleBytes = (task: (typeof taskNames)[number]): number => (task === "record-run" ? 530_000 : 400_000);
