// Service Quotas, of the few quotas that are asked for here: AWS's default values. Nothing in the emulator is held to them.

import type {
  GetServiceQuotaRequest,
  GetServiceQuotaResponse,
  ListServiceQuotasRequest,
  ListServiceQuotasResponse,
  ServiceQuota,
} from "@aws-sdk/client-service-quotas";
import { accountQuotas } from "../../core/naming.ts";
import { AwsError, notImplemented, required } from "../aws-error.ts";
import { page } from "../page.ts";
import type { Environment, Operation, Service } from "../service.ts";

interface Default {
  readonly serviceName: string;
  readonly quotaName: string;
  readonly value: number;
}

const defaults: Readonly<Record<(typeof accountQuotas)[keyof typeof accountQuotas], Default>> = {
  [accountQuotas.fargateVcpus]: { serviceName: "AWS Fargate", quotaName: "Fargate On-Demand vCPU resource count", value: 6 },
  [accountQuotas.fargateSpotVcpus]: { serviceName: "AWS Fargate", quotaName: "Fargate Spot vCPU resource count", value: 6 },
  [accountQuotas.lambdaConcurrency]: { serviceName: "AWS Lambda", quotaName: "Concurrent executions", value: 1000 },
};

const mostPerPage = 100;

export function createServiceQuotas({ account, region }: Environment): { readonly service: Service; readonly resourceTypes: readonly [] } {
  const arnOf = (codes: string): string => `arn:aws:servicequotas:${region}:${account}:${codes}`;
  const quotas = Object.entries(defaults).map(([codes, { serviceName, quotaName, value }]): ServiceQuota & { ServiceCode: string } => {
    const [ServiceCode = "", QuotaCode = ""] = codes.split("/");
    return {
      ServiceCode,
      ServiceName: serviceName,
      QuotaArn: arnOf(codes),
      QuotaCode,
      QuotaName: quotaName,
      Value: value,
      Unit: "None",
      Adjustable: true,
      GlobalQuota: false,
      QuotaAppliedAtLevel: "ACCOUNT",
    };
  });

  /** The named service's, or NoSuchResourceException. */
  const ofService = (code: string): readonly ServiceQuota[] => {
    const found = quotas.filter(({ ServiceCode }) => ServiceCode === code);
    if (found.length === 0)
      throw new AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.");
    return found;
  };

  const getServiceQuota: Operation<Partial<GetServiceQuotaRequest>, GetServiceQuotaResponse> = {
    permissions: ({ ServiceCode, QuotaCode }) => [
      {
        action: "servicequotas:GetServiceQuota",
        resource: arnOf(`${required(ServiceCode, "serviceCode")}/${required(QuotaCode, "quotaCode")}`),
      },
    ],
    run({ ServiceCode, QuotaCode, ContextId }) {
      if (ContextId !== undefined) throw notImplemented("GetServiceQuota of one resource");
      const quota = ofService(required(ServiceCode, "serviceCode")).find((one) => one.QuotaCode === QuotaCode);
      if (quota === undefined)
        throw new AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.");
      return { Quota: quota };
    },
  };

  const listServiceQuotas: Operation<Partial<ListServiceQuotasRequest>, ListServiceQuotasResponse> = {
    permissions: () => [{ action: "servicequotas:ListServiceQuotas", resource: "*" }],
    run({ ServiceCode, QuotaCode, QuotaAppliedAtLevel, MaxResults, NextToken }) {
      const found = ofService(required(ServiceCode, "serviceCode")).filter((one) => QuotaCode === undefined || one.QuotaCode === QuotaCode);
      const { items, nextToken } = page(QuotaAppliedAtLevel === "RESOURCE" ? [] : found, {
        limit: MaxResults ?? mostPerPage,
        token: NextToken,
        invalid: () => new AwsError("InvalidPaginationTokenException", "Invalid input was provided."),
      });
      return { Quotas: [...items], ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    },
  };

  return {
    service: {
      signingName: "servicequotas",
      protocol: "awsJson1_1",
      model: () => import("@aws-sdk/client-service-quotas"),
      operations: { GetServiceQuota: getServiceQuota, ListServiceQuotas: listServiceQuotas },
    },
    resourceTypes: [],
  };
}
