// AWS::IAM::* as templates write them. An access key is refused: its secret would stand in the stack's outputs and state.

import { z } from "zod";
import { notImplemented } from "../../aws-error.ts";
import { ownMember } from "../../own-member.ts";
import { groupOf, type IamAccount, roleOf, userOf } from "../../services/iam/account.ts";
import { attach } from "../../services/iam/attachments.ts";
import type { Kind } from "../../services/iam/faults.ts";
import { addUserToGroup, createGroup } from "../../services/iam/groups.ts";
import { putInline } from "../../services/iam/inline-policies.ts";
import { createPolicy } from "../../services/iam/managed-policies.ts";
import { createRole } from "../../services/iam/roles.ts";
import type { PolicyHolder } from "../../services/iam/store.ts";
import { createUser } from "../../services/iam/users.ts";
import { type ResourceContext, type ResourceType, resourceType } from "../resource-type.ts";
import { tagList, tagMap } from "../tag-list.ts";
import { wholeNumber } from "./scalars.ts";

/** IAM itself checks what is in it; here it only becomes the text that IAM's API takes. */
const policyText = z.record(z.string(), z.unknown()).transform((document) => JSON.stringify(document));
const names = z.array(z.string()).default([]);
const inlinePolicies = z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: policyText })).default([]);
const holders = { Users: names, Groups: names, Roles: names };

export const iamResourceTypes = (iam: IamAccount): readonly ResourceType[] => [
  resourceType({
    type: "AWS::IAM::User",
    properties: z.strictObject({
      UserName: z.string().optional(),
      Path: z.string().optional(),
      Groups: names,
      ManagedPolicyArns: names,
      Policies: inlinePolicies,
      PermissionsBoundary: z.string().optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const user = createUser(iam, {
        UserName: properties.UserName ?? context.generatedName(64),
        Path: properties.Path,
        PermissionsBoundary: properties.PermissionsBoundary,
        Tags: tagsOf(context, properties.Tags),
      });
      putPolicies(iam, user, "user", properties);
      for (const GroupName of properties.Groups) addUserToGroup(iam, { GroupName, UserName: user.name });
      return { ref: user.name, attributes: { Arn: user.arn } };
    },
  }),
  resourceType({
    type: "AWS::IAM::Group",
    properties: z.strictObject({
      GroupName: z.string().optional(),
      Path: z.string().optional(),
      ManagedPolicyArns: names,
      Policies: inlinePolicies,
    }),
    create(properties, context) {
      const group = createGroup(iam, { GroupName: properties.GroupName ?? context.generatedName(128), Path: properties.Path });
      putPolicies(iam, group, "group", properties);
      return { ref: group.name, attributes: { Arn: group.arn } };
    },
  }),
  resourceType({
    type: "AWS::IAM::UserToGroupAddition",
    properties: z.strictObject({ GroupName: z.string(), Users: z.array(z.string()).min(1) }),
    create({ GroupName, Users }, context) {
      for (const UserName of Users) addUserToGroup(iam, { GroupName, UserName });
      return { ref: context.generatedName(), attributes: {} };
    },
  }),
  resourceType({
    type: "AWS::IAM::Role",
    properties: z.strictObject({
      RoleName: z.string().optional(),
      Path: z.string().optional(),
      Description: z.string().optional(),
      AssumeRolePolicyDocument: policyText,
      ManagedPolicyArns: names,
      Policies: inlinePolicies,
      PermissionsBoundary: z.string().optional(),
      MaxSessionDuration: wholeNumber({ from: 3600, to: 43_200 }).optional(),
      Tags: tagList,
    }),
    create(properties, context) {
      const role = createRole(iam, {
        RoleName: properties.RoleName ?? context.generatedName(64),
        Path: properties.Path,
        Description: properties.Description,
        AssumeRolePolicyDocument: properties.AssumeRolePolicyDocument,
        MaxSessionDuration: properties.MaxSessionDuration,
        PermissionsBoundary: properties.PermissionsBoundary,
        Tags: tagsOf(context, properties.Tags),
      });
      putPolicies(iam, role, "role", properties);
      return { ref: role.name, attributes: { Arn: role.arn, RoleId: role.id } };
    },
  }),
  resourceType({
    type: "AWS::IAM::Policy",
    properties: z.strictObject({ PolicyName: z.string(), PolicyDocument: policyText, ...holders }),
    create(properties, context) {
      const policy = { name: properties.PolicyName, text: properties.PolicyDocument };
      for (const { holder, kind } of holdersOf(iam, properties)) putInline(holder, kind, policy);
      const id = context.generatedName();
      return { ref: id, attributes: { Id: id } };
    },
  }),
  resourceType({
    type: "AWS::IAM::ManagedPolicy",
    properties: z.strictObject({
      ManagedPolicyName: z.string().optional(),
      Path: z.string().optional(),
      Description: z.string().optional(),
      PolicyDocument: policyText,
      ...holders,
    }),
    create(properties, context) {
      const policy = createPolicy(iam, {
        PolicyName: properties.ManagedPolicyName ?? context.generatedName(128),
        Path: properties.Path,
        Description: properties.Description,
        PolicyDocument: properties.PolicyDocument,
      });
      for (const { holder, kind } of holdersOf(iam, properties)) attach(iam, holder, policy.arn, kind);
      return { ref: policy.arn, attributes: { PolicyArn: policy.arn, PolicyId: policy.id, DefaultVersionId: policy.defaultVersionId } };
    },
  }),
  resourceType({
    type: "AWS::IAM::ServiceLinkedRole",
    properties: z.strictObject({ AWSServiceName: z.string(), Description: z.string().optional() }),
    create({ AWSServiceName, Description }) {
      const name = ownMember(serviceLinkedNames, AWSServiceName);
      if (name === undefined) throw notImplemented(`The service-linked role of ${AWSServiceName}`);
      const trust = {
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Principal: { Service: AWSServiceName }, Action: "sts:AssumeRole" },
      };
      const role = createRole(iam, {
        RoleName: name,
        Path: `/aws-service-role/${AWSServiceName}/`,
        Description,
        AssumeRolePolicyDocument: JSON.stringify(trust),
      });
      return { ref: role.name, attributes: { RoleName: role.name } };
    },
  }),
  resourceType({
    type: "AWS::IAM::AccessKey",
    properties: z.custom<never>(
      () => false,
      "access keys do not pass through CloudFormation, which would keep the secret: create them with `keyturn admin enroll`",
    ),
    create: () => {
      throw notImplemented("AWS::IAM::AccessKey");
    },
  }),
];

const serviceLinkedNames: Readonly<Record<string, string>> = {
  "batch.amazonaws.com": "AWSServiceRoleForBatch",
  "ecs.amazonaws.com": "AWSServiceRoleForECS",
};

const tagsOf = (context: ResourceContext, own: readonly { Key: string; Value: string }[]) =>
  [...tagMap(context.tags, own)].map(([Key, Value]) => ({ Key, Value }));

function putPolicies(
  iam: IamAccount,
  holder: PolicyHolder,
  kind: Kind,
  of: { Policies: readonly { PolicyName: string; PolicyDocument: string }[]; ManagedPolicyArns: readonly string[] },
): void {
  for (const { PolicyName, PolicyDocument } of of.Policies) putInline(holder, kind, { name: PolicyName, text: PolicyDocument });
  for (const arn of of.ManagedPolicyArns) attach(iam, holder, arn, kind);
}

const holdersOf = (
  iam: IamAccount,
  of: { Users: readonly string[]; Groups: readonly string[]; Roles: readonly string[] },
): readonly { holder: PolicyHolder; kind: Kind }[] => [
  ...of.Users.map((name) => ({ holder: userOf(iam, name), kind: "user" as const })),
  ...of.Groups.map((name) => ({ holder: groupOf(iam, name), kind: "group" as const })),
  ...of.Roles.map((name) => ({ holder: roleOf(iam, name), kind: "role" as const })),
];
