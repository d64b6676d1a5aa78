// What AWS lets the account use at once, against what keyturn.config.ts lets the jobs use.

import { GetServiceQuotaCommand, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { accountQuotas } from "../../core/naming.ts";
import config from "../../keyturn.config.ts";
import type { AwsSession } from "../aws-session.ts";
import { type Finding, lookedAt } from "./finding.ts";

/** Of Lambda's concurrency: a new account has 10, and other functions of the account take from the same. */
const enoughFunctions = 100;

const quotas: readonly { readonly check: string; readonly codes: string; readonly least: number; readonly because: string }[] = [
  {
    check: "quota Fargate vCPUs",
    codes: accountQuotas.fargateVcpus,
    least: config.limits.vcpus,
    because: "limits.vcpus of keyturn.config.ts",
  },
  {
    check: "quota Fargate Spot vCPUs",
    codes: accountQuotas.fargateSpotVcpus,
    least: config.limits.vcpus,
    because: "limits.vcpus of keyturn.config.ts",
  },
  {
    check: "quota Lambda concurrency",
    codes: accountQuotas.lambdaConcurrency,
    least: enoughFunctions,
    because: "what runs that start together need",
  },
];

export async function checkQuotas(session: AwsSession): Promise<readonly Finding[]> {
  if (session.isLocal) return [{ check: "quotas", standing: "does not apply", found: "the local account holds nobody to AWS's quotas" }];
  const client = new ServiceQuotasClient(session.options);
  try {
    const looks = quotas.map((quota) =>
      lookedAt(quota.check, {
        needs: ["servicequotas:GetServiceQuota"],
        look: async () => [await quotaFinding(quota, { client, session })],
      }),
    );
    return (await Promise.all(looks)).flat();
  } finally {
    client.destroy();
  }
}

async function quotaFinding(
  { check, codes, least, because }: (typeof quotas)[number],
  { client, session }: { client: ServiceQuotasClient; session: AwsSession },
): Promise<Finding> {
  const [ServiceCode = "", QuotaCode = ""] = codes.split("/");
  const { Quota } = await client.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
  const value = Quota?.Value;
  if (value === undefined) return { check, standing: "cannot tell", found: `Service Quotas gave no value for ${codes}` };
  if (value >= least) return { check, standing: "ok", found: `${value}, at least ${least}` };
  return {
    check,
    standing: "warning",
    found: `${value}, less than ${least} (${because})`,
    wayOut: `aws service-quotas request-service-quota-increase --service-code ${ServiceCode} --quota-code ${QuotaCode} --desired-value ${least} --region ${session.options.region}`,
  };
}
