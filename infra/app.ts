// What the CDK's CLI runs, and the emulator: bundles while the CDK loads, then synthesises.

import { catalogue } from "../jobs/catalogue.ts";
import { bundle } from "./bundles.ts";

const bundling = bundle(catalogue.map(({ name }) => name));
const [{ buildApp }, { default: config }] = await Promise.all([import("./keyturn-app.ts"), import("../keyturn.config.ts")]);
// The CLI says who it is. Whatever is deployed to AWS comes through it, and so through the checks; the emulator does not wait for them.
const isForAws = process.env["CDK_CLI_VERSION"] !== undefined;
const keyturn = buildApp(config, { bundles: await bundling, isValidated: isForAws });
if (isForAws) {
  const { addChecks } = await import("./checks.ts");
  addChecks(keyturn);
}
keyturn.app.synth();
