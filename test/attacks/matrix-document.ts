// The matrix as people read it: per group, what was tried and who got through; then per principal, all that it may.

import type { Principal } from "./attacked-account.ts";
import type { Probe } from "./probe.ts";
import type { ProbeGroup } from "./probes.ts";

const inCell = (text: string): string => text.replaceAll("|", "\\|");
const code = (name: string): string => (/ /.test(name) ? name : `\`${name}\``);

/** `mayOf` gives what really came of a probe, not what it expects. */
export function matrixDocument(
  groups: readonly ProbeGroup[],
  of: { principals: readonly Principal[]; mayOf: (probe: Probe) => readonly Principal[] },
): string {
  const { principals, mayOf } = of;
  const probes = groups.flatMap(({ probes }) => probes);
  const tables = groups.flatMap(({ title, why, probes }) => [
    `## ${title}`,
    "",
    why,
    "",
    "| Tried | Who got through |",
    "|---|---|",
    ...probes.map((probe) => {
      const may = mayOf(probe);
      return `| ${inCell(probe.what)} | ${may.length === 0 ? "nobody" : may.map(code).join(", ")} |`;
    }),
    "",
  ]);
  const people = principals.flatMap((principal) => {
    const may = probes.filter((probe) => mayOf(probe).includes(principal));
    const list = may.length === 0 ? "nothing of the above." : `${may.map(({ what }) => what).join("; ")}.`;
    return [`- **${code(principal)}** (${may.length} of ${probes.length}): ${list}`];
  });
  return `${[
    "# Who may do what",
    "",
    `Not a plan but an outcome: test/attacks/matrix.test.ts deploys the catalogue and one more job into the emulator, takes the credentials of ${principals.length} principals (every role, the`,
    `operator, the auditor, two admins with and without MFA), and has each of them try each of these ${probes.length} things for real. It writes this page, and`,
    "fails when the page says otherwise. Whatever the templates allow to one of them is among the things tried, or listed with the reason in",
    "test/attacks/untried-actions.ts. Job roles are tried from outside the VPC here; test/attacks/claim-04-job-roles.test.ts is about the network.",
    "",
    ...tables,
    "## By principal",
    "",
    ...people,
  ].join("\n")}\n`;
}
