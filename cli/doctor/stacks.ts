// Each stack of this checkout: deployed, in which state, and as this checkout has it.

import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import type { AwsSession } from "../aws-session.ts";
import type { Checkout, CheckoutStack } from "./checkout.ts";
import { type Finding, lookedAt } from "./finding.ts";
import { templateDrift } from "./template-drift.ts";

export async function checkStacks(session: AwsSession, { stacks }: Checkout): Promise<readonly Finding[]> {
  const cloudFormation = new CloudFormationClient(session.options);
  try {
    const looks = stacks.map((stack) =>
      lookedAt(`stack ${stack.name}`, {
        needs: ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
        look: async () => [await stackFinding(stack, { cloudFormation, session })],
      }),
    );
    return (await Promise.all(looks)).flat();
  } finally {
    cloudFormation.destroy();
  }
}

async function stackFinding(
  { name, templateText }: CheckoutStack,
  { cloudFormation, session }: { cloudFormation: CloudFormationClient; session: AwsSession },
): Promise<Finding> {
  const check = `stack ${name}`;
  const commands = commandsFor(name, session);
  const status = await statusOf(name, cloudFormation);
  if (status === undefined) return { check, standing: "missing", found: "not deployed", wayOut: commands.deploy };
  const [standing, wayOut] = standingOf(status, commands);
  if (standing === "missing") return { check, standing, found: status, wayOut };
  const { TemplateBody = "" } = await cloudFormation.send(new GetTemplateCommand({ StackName: name, TemplateStage: "Original" }));
  const differing = templateDrift(TemplateBody, templateText);
  const drift = differing.length === 0 ? "as this checkout has it" : `not as this checkout has it: ${named(differing)}`;
  const found = `${status}, ${drift}`;
  if (standing === "ok" && differing.length === 0) return { check, standing, found };
  return { check, standing: "warning", found, wayOut: wayOut ?? commands.compare };
}

async function statusOf(StackName: string, cloudFormation: CloudFormationClient): Promise<string | undefined> {
  try {
    const { Stacks: [stack] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return stack?.StackStatus;
  } catch (error) {
    if (error instanceof Error && error.name === "ValidationError" && error.message.includes("does not exist")) return undefined;
    throw error;
  }
}

interface Commands {
  readonly deploy: string;
  readonly compare: string;
  readonly rollBack: string;
  readonly remove: string;
  readonly watch: string;
}

function commandsFor(name: string, { isLocal, options: { region } }: AwsSession): Commands {
  const restart = "start the local account anew: keyturn local start";
  if (isLocal) return { deploy: restart, compare: restart, rollBack: restart, remove: restart, watch: restart };
  const aws = (command: string): string => `aws cloudformation ${command} --region ${region} --stack-name ${name}`;
  return {
    deploy: `npx cdk deploy ${name}`,
    compare: `npx cdk diff ${name} && npx cdk deploy ${name}`,
    rollBack: `npx cdk rollback ${name}`,
    remove: `${aws("delete-stack")} && npx cdk deploy ${name}`,
    watch: aws("describe-stack-events"),
  };
}

type Judgement = readonly ["ok"] | readonly ["warning" | "missing", string];

/** The standing that a stack's status gives, and the way out where it is not the comparison's. */
export function standingOf(status: string, { deploy, rollBack, remove, watch }: Commands): Judgement {
  if (/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return ["ok"];
  // An update or import that failed, and was taken back: what was there before still is.
  if (/^(UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status)) return ["warning", deploy];
  if (status === "REVIEW_IN_PROGRESS") return ["missing", deploy];
  if (status.endsWith("_IN_PROGRESS")) return /^(CREATE|DELETE|ROLLBACK)_/.test(status) ? ["missing", watch] : ["warning", watch];
  if (/^(UPDATE|IMPORT)(_ROLLBACK)?_FAILED$/.test(status)) return ["missing", rollBack];
  return ["missing", remove];
}

const mostNamed = 5;

function named(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).join(", ");
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return `${names.length} ${names.length === 1 ? "part" : "parts"} (${shown}${more})`;
}
