import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, machineArn, roleArn, startAccount, trusts, trustsStates } from "./account.ts";

let account: Account;
beforeAll(async () => {
  account = await startAccount();
  await account.addRole("Machine", { trust: trustsStates });
  await account.addRole("Elsewhere", { trust: trusts({ Service: "lambda.amazonaws.com" }) });
});
afterAll(() => account.stop());

const run = async (stateMachineArn: string): Promise<string> =>
  (await account.sfn.send(new StartExecutionCommand({ stateMachineArn }))).executionArn ?? "";

const jobTask = { Type: "Task", Resource: "arn:aws:states:::batch:submitJob.sync", End: true };

describe("state machines", () => {
  test("need a role that trusts Step Functions", async () => {
    await expect(account.addMachine("untrusted", { A: { Type: "Succeed" } }, { role: "Elsewhere" })).rejects.toThrow(
      "Neither the global service principal states.amazonaws.com",
    );
  });

  test("that wait for jobs need the managed rule", async () => {
    await account.addRole("NoRule", { trust: trustsStates });
    await expect(account.addMachine("no-rule", { A: jobTask }, { role: "NoRule" })).rejects.toThrow(
      "is not authorized to create managed-rule.",
    );
  });

  test("with tasks that are not modelled are refused by name", async () => {
    const state = { Type: "Task", Resource: "arn:aws:states:::sqs:sendMessage", End: true };
    await expect(account.addMachine("sqs", { A: state })).rejects.toThrow(/State "A": the integration arn:aws:states:::sqs:sendMessage/);
  });

  test("are validated without being made", async () => {
    const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "A", States: { A: { Type: "Pass", Next: "B" } } });
    const { result, diagnostics } = await account.sfn.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(result).toBe("FAIL");
    expect(diagnostics?.[0]).toMatchObject({ severity: "ERROR", code: "MISSING_TRANSITION_TARGET", location: "/States/A/Next" });
  });

  test("under a customer's key need it for the role to run and for the reader to read", async () => {
    const kms = account.client(KMSClient);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? "";
    const allow = (principal: string, Action: string[]) => ({ Effect: "Allow", Principal: { AWS: principal }, Action, Resource: "*" });
    const admin = "arn:aws:iam::111122223333:user/administrator";
    const setPolicy = (...Statement: object[]) =>
      kms.send(
        new PutKeyPolicyCommand({
          KeyId,
          BypassPolicyLockoutSafetyCheck: true,
          Policy: JSON.stringify({ Version: "2012-10-17", Statement }),
        }),
      );
    const adminMay = (...more: string[]) => allow(admin, ["kms:DescribeKey", "kms:PutKeyPolicy", "kms:GenerateDataKey", ...more]);
    const roleMay = {
      ...allow(roleArn("Machine"), ["kms:GenerateDataKey", "kms:Decrypt"]),
      Condition: {
        StringEquals: {
          "kms:EncryptionContext:aws:states:stateMachineArn": machineArn("sealed"),
          "kms:ViaService": "states.us-east-1.amazonaws.com",
        },
      },
    };
    await setPolicy(adminMay());
    const stateMachineArn = await account.addMachine("sealed", { A: { Type: "Succeed" } }, { keyId: KeyId });
    await expect(run(stateMachineArn)).rejects.toMatchObject({ name: "KmsAccessDeniedException" });
    await setPolicy(adminMay(), roleMay);
    const executionArn = await run(stateMachineArn);
    await expect(account.sfn.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toMatchObject({
      name: "KmsAccessDeniedException",
    });
    const shown = await account.sfn.send(new DescribeExecutionCommand({ executionArn, includedData: "METADATA_ONLY" }));
    expect(shown.input).toBeUndefined();
    await setPolicy(adminMay("kms:Decrypt"), roleMay);
    expect(await account.ended(executionArn)).toMatchObject({ status: "SUCCEEDED", input: "{}" });
    expect(await account.sfn.send(new DescribeStateMachineCommand({ stateMachineArn }))).toMatchObject({ name: "sealed" });
  });
});
