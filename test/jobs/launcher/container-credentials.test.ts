import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { containerCredentials } from "../../../jobs/launcher/container-credentials.ts";

let server: Server | undefined;
afterEach(() => server?.close());

async function endpoint(status: number, body: unknown) {
  const requests: Pick<IncomingMessage, "url" | "headers">[] = [];
  const listening = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers });
    response.writeHead(status, { connection: "close" }).end(JSON.stringify(body));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return { requests, url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/v2/credentials/7` };
}

const reply = {
  AccessKeyId: "ASIALAUNCHER",
  SecretAccessKey: "secret",
  Token: "token",
  Expiration: "2026-11-21T14:00:00Z",
  RoleArn: "arn:x",
};

describe("the launcher's own credentials", () => {
  it("come from the container's endpoint, asked with its token, whatever else the environment holds", async () => {
    const { requests, url } = await endpoint(200, reply);
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "Bearer 7",
      AWS_ACCESS_KEY_ID: "AKIAINJECTED",
      AWS_SECRET_ACCESS_KEY: "injected",
    };
    expect(await containerCredentials(environment)).toEqual({
      accessKeyId: "ASIALAUNCHER",
      secretAccessKey: "secret",
      sessionToken: "token",
    });
    expect(requests).toEqual([{ url: "/v2/credentials/7", headers: expect.objectContaining({ authorization: "Bearer 7" }) }]);
  });

  it.each<[string, Record<string, string>, string]>([
    ["nothing", {}, "This container has no credentials endpoint: its job definition lacks a job role."],
    ["another host", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://203.0.113.7/x" }, "leads out of this container"],
    ["a name that begins like loopback", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.example.com/x" }, "leads out of this container"],
    ["another scheme", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "file:///etc/passwd" }, "leads out of this container"],
    ["a relative address that is none", { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "//example.com/x" }, "leads out of this container"],
    [
      "a relative address that is absolute",
      { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "http://example.com/x" },
      "leads out of this container",
    ],
  ])("are not looked for with %s", async (_what, environment, message) => {
    await expect(containerCredentials(environment)).rejects.toThrow(message);
  });

  it.each([
    [403, { code: "AccessDenied" }, "The container's credentials endpoint answered 403"],
    [200, { AccessKeyId: "ASIA" }, "The container's credentials endpoint answered without credentials."],
  ])("are not made of an answer %i %j", async (status, body, message) => {
    const { url } = await endpoint(status, body);
    await expect(containerCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url })).rejects.toThrow(message);
  });
});
