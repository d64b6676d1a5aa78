// How a task becomes the one file that Lambda loads: the stacks bundle with it, the size test measures with it.

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
  // CommonJS inside the bundle asks for Node's own modules with require.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const;

/** Names of the tasks: folders beside this file, and the functions' names behind `functionName`. */
export const taskNames = ["admit-run", "request-mfa", "validate-mfa", "retrieve-credentials", "authorize-submission"] as const;
