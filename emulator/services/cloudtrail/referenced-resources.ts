// What an event is about, by the members of its request that CloudTrail knows; Step Functions' are not among them.
// Source: "AWS resource types supported by CloudTrail" (the event history's filter), CloudTrail User Guide.

import { ownMember } from "../../own-member.ts";

export interface ReferencedResource {
  readonly ResourceType: string;
  readonly ResourceName: string;
}

const iam = {
  userName: "AWS::IAM::User",
  roleName: "AWS::IAM::Role",
  groupName: "AWS::IAM::Group",
  policyArn: "AWS::IAM::Policy",
  accessKeyId: "AWS::IAM::AccessKey",
  serialNumber: "AWS::IAM::MfaDevice",
};

const typesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  iam,
  sts: { roleArn: "AWS::IAM::Role" },
  kms: { keyId: "AWS::KMS::Key", targetKeyId: "AWS::KMS::Key", aliasName: "AWS::KMS::Alias" },
  s3: { bucket: "AWS::S3::Bucket" },
  lambda: { functionName: "AWS::Lambda::Function" },
  dynamodb: { tableName: "AWS::DynamoDB::Table" },
};

/** @param parameters - of the request, as they are logged */
export const referencedResources = (service: string, parameters: unknown): readonly ReferencedResource[] =>
  Object.entries(ownMember(typesOf, service) ?? {}).flatMap(([member, ResourceType]) => {
    const name =
      typeof parameters === "object" && parameters !== null ? ownMember(parameters as Record<string, unknown>, member) : undefined;
    return typeof name === "string" ? [{ ResourceType, ResourceName: name }] : [];
  });
