// The policy simulator: the same evaluation that guards every call, asked by hand.

import type { ContextEntry, SimulateCustomPolicyCommandInput, SimulatePrincipalPolicyCommandInput } from "@aws-sdk/client-iam";
import type { PolicyDocument, Statement } from "../../../policy/document.ts";
import { evaluate } from "../../../policy/evaluate.ts";
import { AwsError } from "../../aws-error.ts";
import { accountOfResource } from "../../gateway/request-context.ts";
import { ask, type IamAccount, operation, policyOf } from "./account.ts";
import { noSuch, required } from "./faults.ts";
import { pageOf } from "./paging.ts";
import { parseIdentityPolicy } from "./policy-document.ts";
import { documentInForce, type PolicyHolder, type User } from "./store.ts";

interface NamedPolicy {
  readonly id: string;
  readonly document: PolicyDocument;
}

interface Subject {
  readonly arn: string;
  readonly policies: readonly NamedPolicy[];
  readonly boundaries: readonly PolicyDocument[];
}

type SimulationInput = Omit<SimulateCustomPolicyCommandInput, "PolicyInputList">;

function simulate(iam: IamAccount, subject: Subject, input: SimulationInput) {
  const context = Object.fromEntries((input.ContextEntries ?? []).map(readEntry));
  const boundaries = input.PermissionsBoundaryPolicyInputList?.map((text) => parseIdentityPolicy(text).document) ?? subject.boundaries;
  const resourcePolicy = input.ResourcePolicy === undefined ? undefined : parseResourcePolicy(input.ResourcePolicy);
  const documents = [...subject.policies.map(({ document }) => document), ...boundaries, ...(resourcePolicy ? [resourcePolicy] : [])];
  const missing = conditionKeys(documents).filter(
    (key) => !Object.keys(context).some((given) => given.toLowerCase() === key.toLowerCase()),
  );
  const results = required(input.ActionNames, "actionNames").flatMap((action) =>
    (input.ResourceArns ?? ["*"]).map((resource) => {
      const decision = evaluate({
        principal: { arn: input.CallerArn ?? subject.arn, accountId: iam.environment.account },
        action,
        resource,
        resourceAccountId: accountOfResource(resource, iam.environment.account),
        context,
        identityPolicies: subject.policies.map(({ document }) => document),
        permissionsBoundaries: boundaries,
        resourcePolicy,
        // The simulator judges by the policies that it was given.
        ...(resourcePolicy === undefined && { resourceKind: "other" }),
      });
      const matched = decision.decidedBy?.policyType === "identity-policy" ? subject.policies[decision.decidedBy.index] : undefined;
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decision.reason === "allowed" ? "allowed" : decision.reason === "explicit-deny" ? "explicitDeny" : "implicitDeny",
        MatchedStatements: matched === undefined ? [] : [{ SourcePolicyId: matched.id, SourcePolicyType: "IAM Policy" }],
        MissingContextValues: missing,
      };
    }),
  );
  const numbered = results.map((result, index) => ({ result, key: String(index).padStart(6, "0") }));
  const { items, end } = pageOf(numbered, input, ({ key }) => key);
  return { EvaluationResults: items.map(({ result }) => result), ...end };
}

const readEntry = (entry: ContextEntry): readonly [string, readonly string[]] => [
  required(entry.ContextKeyName, "contextKeyName"),
  entry.ContextKeyValues ?? [],
];

function parseResourcePolicy(text: string): PolicyDocument {
  try {
    // Evaluation checks its elements and refuses what it does not understand.
    return JSON.parse(text) as PolicyDocument;
  } catch (cause) {
    throw new AwsError("InvalidInput", "The resource policy is not JSON.", { cause });
  }
}

function conditionKeys(documents: readonly PolicyDocument[]): readonly string[] {
  const statements = documents.flatMap(({ Statement }): readonly Statement[] => [Statement].flat());
  return [...new Set(statements.flatMap(({ Condition }) => Object.values(Condition ?? {}).flatMap(Object.keys)))].sort();
}

function subjectOf(iam: IamAccount, arn: string): Subject {
  const { users, groups, roles } = iam.store;
  const holder = [...users.values(), ...groups.values(), ...roles.values()].find((candidate) => candidate.arn === arn);
  if (holder === undefined) throw noSuch(`The policy source ${arn} cannot be found.`);
  const throughGroups = holder.kind === "user" ? [...(holder as User).groups].flatMap((name) => groups.get(name) ?? []) : [];
  const boundaryArn = holder.kind === "group" ? undefined : holder.boundaryArn;
  return {
    arn,
    policies: [holder, ...throughGroups].flatMap((one) => policiesOf(iam, one)),
    boundaries: boundaryArn === undefined ? [] : [documentInForce(policyOf(iam, boundaryArn)).document],
  };
}

const policiesOf = (iam: IamAccount, holder: PolicyHolder): readonly NamedPolicy[] => [
  ...[...holder.inline].map(([id, { document }]) => ({ id, document })),
  ...[...holder.attached].map((arn) => ({ id: policyOf(iam, arn).name, document: documentInForce(policyOf(iam, arn)).document })),
];

const fromInput = (texts: readonly string[] | undefined): readonly NamedPolicy[] =>
  (texts ?? []).map((text, index) => ({ id: `PolicyInputList.${index + 1}`, document: parseIdentityPolicy(text).document }));

export const simulationOperations = (iam: IamAccount) => ({
  SimulateCustomPolicy: operation<SimulateCustomPolicyCommandInput>({
    permissions: () => [ask("SimulateCustomPolicy", "*")],
    run: (input) =>
      simulate(
        iam,
        {
          arn: `arn:aws:iam::${iam.environment.account}:user/simulated`,
          policies: fromInput(required(input.PolicyInputList, "policyInputList")),
          boundaries: [],
        },
        input,
      ),
  }),
  SimulatePrincipalPolicy: operation<SimulatePrincipalPolicyCommandInput>({
    permissions: (input) => [ask("SimulatePrincipalPolicy", input.PolicySourceArn ?? "*")],
    run(input) {
      const subject = subjectOf(iam, required(input.PolicySourceArn, "policySourceArn"));
      return simulate(iam, { ...subject, policies: [...subject.policies, ...fromInput(input.PolicyInputList)] }, input);
    },
  }),
});
