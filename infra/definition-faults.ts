// What is wrong with the state machines of a template, read as Step Functions would read them.

import validate from "asl-validator";

interface Template {
  readonly Resources?: Readonly<Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>>;
}

export interface DefinitionFault {
  readonly logicalId: string;
  readonly message: string;
}

/** Of every `AWS::StepFunctions::StateMachine`; references stand for ARNs, whichever they will be. */
export function definitionFaults(template: Template): DefinitionFault[] {
  return Object.entries(template.Resources ?? {}).flatMap(([logicalId, { Type, Properties }]) => {
    if (Type !== "AWS::StepFunctions::StateMachine") return [];
    return faultsOf(text(Properties?.["DefinitionString"])).map((message) => ({ logicalId, message }));
  });
}

function faultsOf(definition: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(definition);
  } catch (error) {
    return [`the definition is no JSON: ${(error as Error).message}`];
  }
  if (typeof parsed !== "object" || parsed === null) return ["the definition is no JSON object"];
  const { isValid, errorsText } = validate(parsed);
  return isValid ? [] : errorsText("\n").split("\n");
}

/** A text of literals and references. In a definition a reference is an ARN or a part of one. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const [[name, argument] = ["", undefined]] = Object.entries(value);
  if (name === "Fn::Join" && Array.isArray(argument)) {
    const [separator, parts] = argument as [string, readonly unknown[]];
    return parts.map(text).join(separator);
  }
  if (name === "Ref" && argument === "AWS::Partition") return "aws";
  if (name === "Ref" && argument === "AWS::AccountId") return "111122223333";
  return name === "Fn::GetAtt" ? "arn:aws:lambda:us-east-1:111122223333:function:referenced" : "referenced";
}
