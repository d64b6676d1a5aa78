// What of a deployed template is not as this checkout has it.

import { isDeepStrictEqual } from "node:util";

type Section = Readonly<Record<string, unknown>>;

/**
 * Names of the resources, outputs, conditions and mappings that differ, as a text that people read. Metadata, parameters and rules are left
 * out: paths and the bootstrap's version are the CDK's own business.
 */
export function templateDrift(deployed: string, ours: string): readonly string[] {
  const [theirs, wanted] = [deployed, ours].map((text) => JSON.parse(asCloudFormationGivesIt(text)) as Record<string, Section>);
  return ["Resources", "Outputs", "Conditions", "Mappings"].flatMap((section) =>
    namesThatDiffer(theirs?.[section] ?? {}, wanted?.[section] ?? {}).map((name) =>
      section === "Resources" ? name : `${section}.${name}`,
    ),
  );
}

/** GetTemplate answers question marks for what is not ASCII (aws-cloudformation/cloudformation-coverage-roadmap#1220). */
const asCloudFormationGivesIt = (text: string): string => text.replaceAll(/[^\p{ASCII}?]+|\?+/gu, "?").replaceAll(/\?+/g, "?");

function namesThatDiffer(deployed: Section, ours: Section): readonly string[] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(deployed)])].sort();
  return names.flatMap((name) => {
    const [theirs, wanted] = [deployed[name], ours[name]].map(withoutMetadata);
    if (isDeepStrictEqual(theirs, wanted)) return [];
    return [theirs === undefined ? `${name} (new)` : wanted === undefined ? `${name} (gone)` : name];
  });
}

function withoutMetadata(declared: unknown): unknown {
  if (typeof declared !== "object" || declared === null) return declared;
  if ("Type" in declared && declared.Type === "AWS::CDK::Metadata") return undefined;
  const { Metadata: _metadata, ...rest } = declared as Section;
  return rest;
}
