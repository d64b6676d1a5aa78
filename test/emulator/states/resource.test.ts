import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, machineArn, roleArn, startAccount, trustsStates } from "./account.ts";

let account: Account;
beforeAll(async () => {
  account = await startAccount();
  await account.addRole("Machine", { trust: trustsStates });
});
afterAll(() => account.stop());

const placeholder = (name: string): string => `\${${name}}`;

describe("AWS::StepFunctions::StateMachine", () => {
  const create = async (properties: object) => {
    const [type] = account.states.resourceTypes;
    if (type === undefined) throw new Error("no resource type");
    const context = { stackName: "s", logicalId: "M", generatedName: () => "generated", assetPath: () => "", tags: { stack: "s" } };
    return type.create(type.properties.parse(properties), context);
  };

  test("puts the substitutions into the definition", async () => {
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "A",
      States: { A: { Type: "Succeed", Output: placeholder("word") + placeholder("other") } },
    };
    const { ref, attributes } = await create({
      StateMachineName: "from-template",
      RoleArn: roleArn("Machine"),
      DefinitionString: JSON.stringify(definition),
      DefinitionSubstitutions: { word: "hello" },
    });
    expect(ref).toBe(machineArn("from-template"));
    expect(attributes).toEqual({ Arn: ref, Name: "from-template", StateMachineRevisionId: "INITIAL" });
    const { executionArn = "" } = await account.sfn.send(new StartExecutionCommand({ stateMachineArn: ref }));
    expect(await account.ended(executionArn)).toMatchObject({ output: JSON.stringify(`hello${placeholder("other")}`) });
  });

  test("refuses a property that is not modelled by its name", async () => {
    const properties = { RoleArn: roleArn("Machine"), DefinitionString: "{}", DefinitionS3Location: {} };
    await expect(create(properties)).rejects.toThrow("DefinitionS3Location");
  });
});
