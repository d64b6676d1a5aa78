// Deploys a cloud assembly: plans every stack first, refuses with all faults at once, then creates stack by stack.

import type { Json } from "../../core/canonical-json.ts";
import { AwsError } from "../aws-error.ts";
import type { Environment } from "../service.ts";
import { type Assembly, readAssembly } from "./assembly.ts";
import type { ResourceType } from "./resource-type.ts";
import { createStack, type DeployedStack } from "./stack-creation.ts";
import { planStack, type StackPlan } from "./stack-plan.ts";
import { AssemblyRefused, type Fault } from "./template-fault.ts";

export interface DeployOptions {
  /** The folder that `cdk synth` wrote. */
  readonly assembly: string;
  readonly resourceTypes: readonly ResourceType[];
  readonly environment: Environment;
  /** Stack name → parameter → value; defaults and the assembly's own values otherwise. */
  readonly parameters?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** SSM Parameter Store, for parameters of type `AWS::SSM::Parameter::Value<String>`; throws the AwsError `ParameterNotFound`. */
  readParameter(name: string): string;
}

function readOrNothing(name: string, { readParameter }: DeployOptions): string | undefined {
  try {
    return readParameter(name);
  } catch (error) {
    if (error instanceof AwsError && error.code === "ParameterNotFound") return undefined;
    throw error;
  }
}

/** Throws AssemblyRefused before anything is created, or DeploymentFailed. */
export async function deployAssembly(options: DeployOptions): Promise<DeployedStack[]> {
  const { environment } = options;
  const assembly = await readAssembly(options.assembly, environment);
  const readParameter = (name: string): string | undefined => readOrNothing(name, options);
  const plans = planAssembly(assembly, options, readParameter);
  const exports = new Map<string, Json>();
  const deployed: DeployedStack[] = [];
  for (const plan of plans) {
    const given = options.parameters?.[plan.stack.name] ?? {};
    deployed.push(await createStack(plan, { assembly, exports, environment, given, readParameter }));
  }
  return deployed;
}

function planAssembly(assembly: Assembly, options: DeployOptions, readParameter: (name: string) => string | undefined): StackPlan[] {
  const { account, region, uuid } = options.environment;
  const resourceTypes = new Map(options.resourceTypes.map((type) => [type.type, type]));
  const faults: Fault[] = [];
  const exported = new Set<string>();
  const plans = assembly.stacks.map((stack) => {
    const stackId = `arn:aws:cloudformation:${region}:${account}:stack/${stack.name}/${uuid.call(options.environment)}`;
    const planning = { resourceTypes, parameters: options.parameters?.[stack.name] ?? {}, exported, readParameter };
    const plan = planStack(stack, { stackName: stack.name, stackId, account, region }, planning, faults);
    for (const name of plan.exports) exported.add(name);
    return plan;
  });
  if (faults.length > 0) throw new AssemblyRefused(faults);
  return plans;
}
