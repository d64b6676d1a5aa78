// Every policy statement of the templates, with the thing that it belongs to, so that a claim can be read off them all.

import { account, type Resource, type Synthesised } from "./synthesised.ts";

export interface FoundStatement {
  /** The role, policy, key alias, secret or other thing that the policy belongs to. */
  readonly of: string;
  readonly kind: "identity" | "trust" | "boundary" | "key" | "secret" | "endpoint" | "bucket" | "topic" | "queue" | "logs";
  readonly resource: Resource;
  readonly sid: string;
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  readonly conditions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export function statementsOf(synthesised: Synthesised): FoundStatement[] {
  const aliases = new Map(
    synthesised
      .ofType("AWS::KMS::Alias")
      .map(({ Properties }) => [Properties.TargetKeyId, Properties.AliasName.replace("alias/keyturn/", "")]),
  );
  return synthesised.resources.flatMap((resource) => {
    const { Type, Properties: p, stack, id } = resource;
    const found = (kind: FoundStatement["kind"], of: string, document: { Statement: object[] }) =>
      document.Statement.map((statement) => read(statement, { kind, of, resource }));
    switch (Type) {
      case "AWS::IAM::Role":
        return [
          ...found("trust", p.RoleName, p.AssumeRolePolicyDocument),
          ...(p.Policies ?? []).flatMap((policy: { PolicyDocument: { Statement: object[] } }) =>
            found("identity", p.RoleName, policy.PolicyDocument),
          ),
        ];
      case "AWS::IAM::ManagedPolicy":
        return found(p.ManagedPolicyName === "KeyturnJobBoundary" ? "boundary" : "identity", p.ManagedPolicyName, p.PolicyDocument);
      case "AWS::KMS::Key":
        return found("key", aliases.get(`${stack}.${id}`) ?? `${id}, a key without an alias`, p.KeyPolicy);
      case "AWS::SecretsManager::ResourcePolicy":
        return found("secret", p.SecretId, p.ResourcePolicy);
      case "AWS::EC2::VPCEndpoint":
        return found("endpoint", p.ServiceName, p.PolicyDocument);
      case "AWS::S3::BucketPolicy":
        return found("bucket", p.Bucket, p.PolicyDocument);
      case "AWS::SNS::TopicPolicy":
        return found("topic", p.Topics[0], p.PolicyDocument);
      case "AWS::SQS::QueuePolicy":
        return found("queue", p.Queues[0], p.PolicyDocument);
      case "AWS::Logs::ResourcePolicy":
        return found("logs", p.PolicyName, JSON.parse(p.PolicyDocument));
      default:
        return [];
    }
  });
}

const list = (value: unknown): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value as string]);

function read(statement: object, of: Pick<FoundStatement, "kind" | "of" | "resource">): FoundStatement {
  const { Sid, Effect, Action, Resource, Principal, Condition, ...rest } = statement as Record<string, unknown>;
  const unknown = Object.keys(rest);
  // NotAction and the like would slip through every claim that is read off Action.
  if (unknown.length > 0) throw new Error(`${of.of}, statement ${Sid}: ${unknown.join(", ")} is not read by this test support.`);
  return {
    ...of,
    sid: typeof Sid === "string" ? Sid : "",
    effect: Effect as "Allow" | "Deny",
    actions: list(Action),
    resources: list(Resource),
    principals: typeof Principal === "object" && Principal !== null ? Object.values(Principal).flatMap(list) : list(Principal),
    conditions: (Condition ?? {}) as FoundStatement["conditions"],
  };
}

const root = `arn:aws:iam::${account}:root`;

/** What the claims ask of the templates. */
export function readClaims(synthesised: Synthesised) {
  const statements = statementsOf(synthesised);
  const allows = statements.filter(({ effect }) => effect === "Allow");
  return {
    statements,
    allows,
    root,
    role: (name: string) => `arn:aws:iam::${account}:role/${name}`,
    /** What the role's or managed policy's own statements allow. */
    permissionsOf: (name: string) => allows.filter(({ kind, of }) => kind === "identity" && of === name),
    /** Every key statement that allows one of `actions`, administration aside. */
    keyUsers: (...actions: string[]) =>
      allows.filter(
        (statement) =>
          statement.kind === "key" && statement.sid !== "Administer" && statement.actions.some((action) => actions.includes(action)),
      ),
  };
}

/** A statement on schedules' parameters alone: whoever writes one of those chooses neither what runs nor who may. */
export const isOfSchedules = ({ resources }: FoundStatement): boolean =>
  resources.every((resource) => resource.startsWith(`arn:aws:ssm:us-east-1:${account}:parameter/keyturn/schedules/`));

/** `action resource`, each with each. */
export const grants = (list: readonly FoundStatement[]): string[] =>
  list.flatMap(({ actions, resources }) => actions.flatMap((action) => resources.map((resource) => `${action} ${resource}`)));
