// The values of a stack's parameters: given, default, or read from SSM Parameter Store, checked against what the template demands of them.

import type { Json } from "../../core/canonical-json.ts";
import { pending } from "./pending.ts";
import type { TemplateParameter } from "./template.ts";
import { TemplateFault } from "./template-fault.ts";

/** CDK's parameter for the version of the bootstrap stack. Assets are read in place here, so there is no such stack to ask. */
export const ignoredParameter = "BootstrapVersion";

const fromStore = "AWS::SSM::Parameter::Value<String>";

/** The name in Parameter Store that a parameter of type `AWS::SSM::Parameter::Value<String>` is read from. */
export const storeName = (parameter: TemplateParameter, given: string | undefined): string | undefined =>
  parameter.Type === fromStore ? (given ?? (parameter.Default === undefined ? undefined : String(parameter.Default))) : undefined;

/**
 * A parameter's value, or a pending one where Parameter Store has nothing yet (an earlier stack may write it). Throws a TemplateFault.
 */
export function parameterValue(
  name: string,
  parameter: TemplateParameter,
  { given, stored }: { given: string | undefined; stored: string | undefined },
): Json {
  const value = given ?? (parameter.Default === undefined ? undefined : String(parameter.Default));
  if (value === undefined) throw new TemplateFault("it has no default and no value was given");
  const allowed = parameter.AllowedValues?.map(String);
  if (allowed !== undefined && !allowed.includes(value)) throw new TemplateFault(`${value} is not one of ${allowed.join(", ")}`);
  if (parameter.AllowedPattern !== undefined && !new RegExp(`^(?:${parameter.AllowedPattern})$`).test(value)) {
    throw new TemplateFault(parameter.ConstraintDescription ?? `${value} does not match ${parameter.AllowedPattern}`);
  }
  if (value.length < (parameter.MinLength ?? 0) || value.length > (parameter.MaxLength ?? Number.POSITIVE_INFINITY)) {
    throw new TemplateFault(
      `${value} has ${value.length} characters; ${parameter.MinLength ?? 0} to ${parameter.MaxLength ?? "any number"} are allowed`,
    );
  }
  switch (parameter.Type) {
    case "String":
      return value;
    case "Number": {
      const number = Number(value);
      const { MinValue: least = Number.NEGATIVE_INFINITY, MaxValue: most = Number.POSITIVE_INFINITY } = parameter;
      if (!(number >= least && number <= most)) throw new TemplateFault(`${value} is not a number from ${least} to ${most}`);
      return value;
    }
    case "CommaDelimitedList":
      return value.split(",").map((item) => item.trim());
    case fromStore:
      return stored ?? pending(name);
    default:
      throw new TemplateFault(`parameter type ${parameter.Type} is not modelled`);
  }
}
