// Each Lambda's bundle as it is uploaded: what is not in it need not be loaded, read or trusted.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../infra/bundles.ts";
import { mostBundleBytes, taskNames } from "../tasks/bundling.ts";
import { figure, type Measurement } from "./measurement.ts";

export const bundleSize: Measurement = {
  name: "bundle-size",
  measures: "minified size of each Lambda's bundle",
  async measure() {
    const bundles = await bundle([]);
    const sizes = taskNames.map(async (task) => {
      const { size } = await stat(join(bundles.task(task), "index.mjs"));
      return figure(task, size / 1000, "kB", { atMost: mostBundleBytes(task) / 1000 });
    });
    return Promise.all(sizes);
  },
};
