// Inline policies of users, groups and roles: the same four operations for each kind.

import { ask, groupOf, type IamAccount, operation, roleOf, targetArn, userOf } from "./account.ts";
import { checkedName, type Kind, limitExceeded, noSuch, required } from "./faults.ts";
import { type PageInput, pageOf } from "./paging.ts";
import { parseIdentityPolicy } from "./policy-document.ts";
import type { PolicyHolder } from "./store.ts";
import { boundaryContext } from "./users.ts";

/** Inputs of the three kinds differ in the name of one member only. */
export interface HolderInput {
  readonly UserName?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly RoleName?: string | undefined;
}

export const holderName = (kind: Kind, input: HolderInput): string | undefined =>
  ({ user: input.UserName, group: input.GroupName, role: input.RoleName })[kind];

export function holderOf(iam: IamAccount, kind: Kind, name: string | undefined): PolicyHolder {
  switch (kind) {
    case "user":
      return userOf(iam, name);
    case "group":
      return groupOf(iam, name);
    case "role":
      return roleOf(iam, name);
    default:
      return kind satisfies never;
  }
}

/** Condition key of the boundary that the holder has; groups have none. */
export const holderBoundary = (iam: IamAccount, kind: Kind, name: string | undefined): Record<string, string> =>
  kind === "group" ? {} : boundaryContext((kind === "user" ? iam.store.users : iam.store.roles).get(name ?? "")?.boundaryArn);

/** Characters of all inline policies together, white space not counted. */
const inlineLimits: Readonly<Record<Kind, number>> = { user: 2048, group: 5120, role: 10_240 };

export function putInline(holder: PolicyHolder, kind: Kind, policy: { name: string | undefined; text: string | undefined }): void {
  const name = checkedName(policy.name, { member: "policyName", max: 128 });
  const stored = parseIdentityPolicy(required(policy.text, "policyDocument"));
  const others = [...holder.inline].filter(([other]) => other !== name).map(([, document]) => document);
  const size = [...others, stored].reduce((sum, { text }) => sum + text.replace(/\s/g, "").length, 0);
  if (size > inlineLimits[kind])
    throw limitExceeded(`Maximum policy size of ${inlineLimits[kind]} bytes exceeded for ${kind} ${holder.name}`);
  holder.inline.set(name, stored);
}

interface InlineInput extends HolderInput, PageInput {
  readonly PolicyName?: string | undefined;
  readonly PolicyDocument?: string | undefined;
}

const titles: Readonly<Record<Kind, string>> = { user: "User", group: "Group", role: "Role" };

export const inlinePolicyOperations = (iam: IamAccount) => ({
  ...operationsFor(iam, "user"),
  ...operationsFor(iam, "group"),
  ...operationsFor(iam, "role"),
});

function operationsFor(iam: IamAccount, kind: Kind) {
  const title = titles[kind];
  const permission = (action: string) => (input: InlineInput) => [
    ask(action, targetArn(iam, kind, holderName(kind, input)), holderBoundary(iam, kind, holderName(kind, input))),
  ];
  const holder = (input: InlineInput): PolicyHolder => holderOf(iam, kind, holderName(kind, input));
  return {
    [`Put${title}Policy`]: operation<InlineInput>({
      permissions: permission(`Put${title}Policy`),
      run(input) {
        putInline(holder(input), kind, { name: input.PolicyName, text: input.PolicyDocument });
        return {};
      },
    }),
    [`Get${title}Policy`]: operation<InlineInput>({
      permissions: permission(`Get${title}Policy`),
      run(input) {
        const name = required(input.PolicyName, "policyName");
        const found = holder(input).inline.get(name);
        if (found === undefined) throw missing(kind, name);
        return { [`${title}Name`]: holder(input).name, PolicyName: name, PolicyDocument: encodeURIComponent(found.text) };
      },
    }),
    [`Delete${title}Policy`]: operation<InlineInput>({
      permissions: permission(`Delete${title}Policy`),
      run(input) {
        const name = required(input.PolicyName, "policyName");
        if (!holder(input).inline.delete(name)) throw missing(kind, name);
        return {};
      },
    }),
    [`List${title}Policies`]: operation<InlineInput>({
      permissions: permission(`List${title}Policies`),
      run(input) {
        const { items, end } = pageOf(holder(input).inline.keys(), input, (name) => name);
        return { PolicyNames: items, ...end };
      },
    }),
  };
}

const missing = (kind: Kind, name: string) => noSuch(`The ${kind} policy with name ${name} cannot be found.`);
