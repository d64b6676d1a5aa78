// One snapshot per stack: whatever changes in a template is seen in review.

import { expect, it } from "vitest";
import { synthesise } from "./synthesised.ts";

const { assembly } = synthesise();

/** Asset hashes and key fingerprints change with their content, not with the stacks. */
const normalised = (template: unknown): unknown => JSON.parse(JSON.stringify(template).replaceAll(/\b[0-9a-f]{64}\b/g, "<asset>"));

it.each(["keyturn-network", "keyturn-identity", "keyturn-keys", "keyturn-jobs", "keyturn-workflow", "keyturn-record"])(
  "%s stays as it was reviewed",
  (name) => {
    expect(normalised(assembly.getStackByName(name).template)).toMatchSnapshot();
  },
);
