// Managed policies attached to users, groups and roles: the same operations for each kind.

import type { ListEntitiesForPolicyCommandInput } from "@aws-sdk/client-iam";
import { ask, type IamAccount, operation, policyOf, targetArn } from "./account.ts";
import { type Kind, noSuch, quotaExceeded, required } from "./faults.ts";
import { type HolderInput, holderBoundary, holderName, holderOf } from "./inline-policies.ts";
import { usesOf } from "./managed-policies.ts";
import { type PageInput, pageOf } from "./paging.ts";
import type { PolicyHolder } from "./store.ts";

const attachedLimit = 10;

interface AttachmentInput extends HolderInput, PageInput {
  readonly PolicyArn?: string | undefined;
  readonly PathPrefix?: string | undefined;
}

const titles: Readonly<Record<Kind, string>> = { user: "User", group: "Group", role: "Role" };

export function attach(iam: IamAccount, holder: PolicyHolder, arn: string | undefined, kind: Kind): void {
  const policy = policyOf(iam, arn);
  if (!holder.attached.has(policy.arn) && holder.attached.size >= attachedLimit)
    throw quotaExceeded(`PoliciesPer${titles[kind]}`, attachedLimit);
  holder.attached.add(policy.arn);
}

export const attachmentOperations = (iam: IamAccount) => ({
  ...operationsFor(iam, "user"),
  ...operationsFor(iam, "group"),
  ...operationsFor(iam, "role"),
  ListEntitiesForPolicy: operation<ListEntitiesForPolicyCommandInput>({
    permissions: (input) => [ask("ListEntitiesForPolicy", input.PolicyArn ?? "*")],
    run(input) {
      const { holders, bounded } = usesOf(iam, policyOf(iam, input.PolicyArn).arn);
      const asBoundary = input.PolicyUsageFilter === "PermissionsBoundary";
      const both = input.PolicyUsageFilter === undefined ? [...new Set([...holders, ...bounded])] : asBoundary ? bounded : holders;
      const wanted = both.filter(
        ({ kind, path }) =>
          path.startsWith(input.PathPrefix ?? "/") && (input.EntityFilter === undefined || input.EntityFilter.toLowerCase() === kind),
      );
      const { items, end } = pageOf(wanted, input, ({ arn }) => arn);
      const of = (kind: Kind) => items.filter((item) => item.kind === kind);
      return {
        PolicyUsers: of("user").map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyGroups: of("group").map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyRoles: of("role").map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...end,
      };
    },
  }),
});

function operationsFor(iam: IamAccount, kind: Kind) {
  const title = titles[kind];
  const permission = (action: string) => (input: AttachmentInput) => [
    ask(action, targetArn(iam, kind, holderName(kind, input)), {
      ...holderBoundary(iam, kind, holderName(kind, input)),
      ...(input.PolicyArn !== undefined && { "iam:PolicyARN": input.PolicyArn }),
    }),
  ];
  const holder = (input: AttachmentInput): PolicyHolder => holderOf(iam, kind, holderName(kind, input));
  return {
    [`Attach${title}Policy`]: operation<AttachmentInput>({
      permissions: permission(`Attach${title}Policy`),
      run(input) {
        attach(iam, holder(input), input.PolicyArn, kind);
        return {};
      },
    }),
    [`Detach${title}Policy`]: operation<AttachmentInput>({
      permissions: permission(`Detach${title}Policy`),
      run(input) {
        const arn = required(input.PolicyArn, "policyArn");
        if (!holder(input).attached.delete(arn)) throw noSuch(`Policy ${arn} was not found.`);
        return {};
      },
    }),
    [`ListAttached${title}Policies`]: operation<AttachmentInput>({
      permissions: permission(`ListAttached${title}Policies`),
      run(input) {
        const found = [...holder(input).attached]
          .map((arn) => policyOf(iam, arn))
          .filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
        const { items, end } = pageOf(found, input, ({ name }) => name);
        return { AttachedPolicies: items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })), ...end };
      },
    }),
  };
}
