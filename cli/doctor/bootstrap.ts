// The CDK's bootstrap: where it puts what it deploys from.

import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { AwsSession } from "../aws-session.ts";
import type { Checkout } from "./checkout.ts";
import { type Finding, lookedAt } from "./finding.ts";

const check = "CDK bootstrap";

export async function checkBootstrap(session: AwsSession, { bootstraps }: Checkout): Promise<readonly Finding[]> {
  if (session.isLocal) return [{ check, standing: "does not apply", found: "the local account deploys the synthesised stacks itself" }];
  const ssm = new SSMClient(session.options);
  try {
    const looks = [...bootstraps].map(([parameter, required]) =>
      lookedAt(check, { needs: ["ssm:GetParameter"], look: async () => [await bootstrapFinding(parameter, { required, ssm, session })] }),
    );
    return (await Promise.all(looks)).flat();
  } finally {
    ssm.destroy();
  }
}

async function bootstrapFinding(
  Name: string,
  { required, ssm, session }: { required: number; ssm: SSMClient; session: AwsSession },
): Promise<Finding> {
  const { account, partition } = session.caller;
  const { region } = session.options;
  const wayOut = `npx cdk bootstrap aws://${account}/${region}`;
  const version = await ssm.send(new GetParameterCommand({ Name })).then(
    ({ Parameter }) => Number(Parameter?.Value),
    (error: unknown) => {
      if (error instanceof Error && error.name === "ParameterNotFound") return undefined;
      throw error;
    },
  );
  if (version === undefined)
    return { check, standing: "missing", found: `account ${account} (${partition}) is not bootstrapped in ${region}`, wayOut };
  if (version >= required) return { check, standing: "ok", found: `version ${version}, and the stacks ask for ${required}` };
  return { check, standing: "missing", found: `version ${version}, but the stacks ask for ${required}`, wayOut };
}
