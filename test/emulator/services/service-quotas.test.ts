// Service Quotas: the quotas that Keyturn lives within, over the wire.

import { GetServiceQuotaCommand, ListServiceQuotasCommand, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/start.ts";

let emulator: Emulator;
let client: ServiceQuotasClient;
beforeAll(async () => {
  emulator = await startEmulator({ account: "111122223333", region: "us-east-1" });
  client = new ServiceQuotasClient(emulator.gateway.clientOptions(emulator.administrator));
});
afterAll(async () => {
  client?.destroy();
  await emulator?.stop();
});

describe("Service Quotas", () => {
  it("gives a quota by its codes, with the value that AWS gives a new account", async () => {
    const { Quota } = await client.send(new GetServiceQuotaCommand({ ServiceCode: "fargate", QuotaCode: "L-3032A538" }));
    expect(Quota).toMatchObject({
      QuotaArn: "arn:aws:servicequotas:us-east-1:111122223333:fargate/L-3032A538",
      QuotaName: "Fargate On-Demand vCPU resource count",
      Value: 6,
      Adjustable: true,
    });
  });

  it("lists a service's quotas a page at a time", async () => {
    const list = (NextToken?: string) =>
      client.send(new ListServiceQuotasCommand({ ServiceCode: "fargate", MaxResults: 1, ...(NextToken && { NextToken }) }));
    const first = await list();
    const second = await list(first.NextToken);
    expect([...(first.Quotas ?? []), ...(second.Quotas ?? [])].map(({ QuotaCode }) => QuotaCode)).toEqual(["L-3032A538", "L-36FBB829"]);
    expect(second.NextToken).toBeUndefined();
    await expect(list("x")).rejects.toMatchObject({ name: "InvalidPaginationTokenException" });
  });

  it.each([
    ["a service", { ServiceCode: "nosuch", QuotaCode: "L-3032A538" }],
    ["a quota", { ServiceCode: "lambda", QuotaCode: "L-3032A538" }],
  ])("knows no other: %s", async (_what, of) => {
    await expect(client.send(new GetServiceQuotaCommand(of))).rejects.toMatchObject({ name: "NoSuchResourceException" });
  });
});
