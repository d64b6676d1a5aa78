import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, allow, type DataServices, startDataServices } from "./data-services.ts";

let aws: DataServices;
let admin: SSMClient;
beforeAll(async () => {
  aws = await startDataServices();
  admin = aws.client(SSMClient);
});
afterAll(() => aws.stop());

const arn = (name: string): string => `arn:aws:ssm:us-east-1:${account}:parameter${name}`;

describe("Parameter Store", () => {
  it("keeps versions, and gives one by name, ARN and version", async () => {
    const Name = "/keyturn/jobs/x/definition";
    await admin.send(new PutParameterCommand({ Name, Value: "1", Type: "String" }));
    await expect(admin.send(new PutParameterCommand({ Name, Value: "2", Type: "String" }))).rejects.toMatchObject({
      name: "ParameterAlreadyExists",
    });
    expect((await admin.send(new PutParameterCommand({ Name, Value: "2", Overwrite: true }))).Version).toBe(2);
    const value = async (name: string) => (await admin.send(new GetParameterCommand({ Name: name }))).Parameter?.Value;
    expect([await value(Name), await value(arn(Name)), await value(`${Name}:1`)]).toEqual(["2", "2", "1"]);
    expect(aws.ssm.readParameter(Name)).toBe("2");
    await admin.send(new DeleteParameterCommand({ Name }));
    await expect(value(Name)).rejects.toMatchObject({ name: "ParameterNotFound" });
    expect(() => aws.ssm.readParameter(Name)).toThrow(/not found/);
  });

  it("gives several at once, and those under a path a page at a time", async () => {
    for (const name of ["/p/a", "/p/b", "/p/deep/c"])
      await admin.send(new PutParameterCommand({ Name: name, Value: name, Type: "String" }));
    const several = await admin.send(new GetParametersCommand({ Names: ["/p/a", "/p/none"] }));
    expect(several.Parameters?.map((parameter) => parameter.ARN)).toEqual([arn("/p/a")]);
    expect(several.InvalidParameters).toEqual(["/p/none"]);
    const names = async (input: { Recursive?: boolean; NextToken?: string }) => {
      const page = await admin.send(new GetParametersByPathCommand({ Path: "/p", MaxResults: 2, ...input }));
      return { names: page.Parameters?.map((parameter) => parameter.Name), NextToken: page.NextToken };
    };
    expect(await names({})).toEqual({ names: ["/p/a", "/p/b"], NextToken: undefined });
    const first = await names({ Recursive: true });
    expect(await names({ Recursive: true, NextToken: first.NextToken ?? "" })).toEqual({ names: ["/p/deep/c"], NextToken: undefined });
  });

  it("opens a SecureString only for who may decrypt with its key", async () => {
    const KeyId = await aws.key();
    await admin.send(new PutParameterCommand({ Name: "/secure", Value: "s3cret", Type: "SecureString", KeyId }));
    const get = (client: SSMClient, WithDecryption: boolean) => client.send(new GetParameterCommand({ Name: "/secure", WithDecryption }));
    expect((await get(admin, true)).Parameter?.Value).toBe("s3cret");
    expect((await get(admin, false)).Parameter?.Value).not.toContain("s3cret");
    const reader = aws.client(SSMClient, await aws.user("parameter-reader", allow("ssm:GetParameter", arn("/secure"))));
    await expect(get(reader, true)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("kms:Decrypt"),
    });
    expect(() => aws.ssm.readParameter("/secure")).toThrow(/SecureString/);
  });

  it("refuses what neighbours may do", async () => {
    await aws.deploy("AWS::SSM::Parameter", { Name: "/deployed", Type: "String", Value: "v", Tags: { a: "b" } });
    const reader = aws.client(SSMClient, await aws.user("one-reader", allow("ssm:GetParameter", arn("/deployed"))));
    expect((await reader.send(new GetParameterCommand({ Name: "/deployed" }))).Parameter?.Value).toBe("v");
    const denied = { name: "AccessDeniedException" };
    await expect(reader.send(new PutParameterCommand({ Name: "/deployed", Value: "w", Overwrite: true }))).rejects.toMatchObject(denied);
    await expect(reader.send(new GetParametersCommand({ Names: ["/deployed"] }))).rejects.toMatchObject(denied);
    await expect(reader.send(new GetParameterCommand({ Name: "/other" }))).rejects.toMatchObject(denied);
  });
});
