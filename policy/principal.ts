// Who calls, and whether a Principal element means them.

import type { Principal } from "./request.ts";

export type CallerKind = "user" | "role" | "session" | "federated-user" | "root" | "service" | "identity-provider" | "anonymous";

/** The principal of a request, taken apart once. */
export interface Caller {
  readonly kind: CallerKind;
  readonly arn: string;
  readonly accountId: string;
  /** The role's own ARN, with its path where the caller of `evaluate` knew it. */
  readonly roleArn: string | undefined;
  /** Whether `roleArn` was only derived from the session's ARN, which has no path. */
  readonly isRolePathUnknown: boolean;
  readonly principal: Principal;
}

const iamArn = /^arn:[^:]+:(iam|sts)::(\d{12}):(root|(user|role|assumed-role|federated-user|saml-provider|oidc-provider)\/(.+))$/;

const kindOfResource: Readonly<Record<string, CallerKind>> = {
  user: "user",
  role: "role",
  "assumed-role": "session",
  "federated-user": "federated-user",
  "saml-provider": "identity-provider",
  "oidc-provider": "identity-provider",
};

const kindOfType: Readonly<Record<string, CallerKind>> = {
  Service: "service",
  AWSService: "service",
  Federated: "identity-provider",
  Anonymous: "anonymous",
};

/** Last component of a path: names are unique in an account whatever their path. */
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The ARN of the role that a session came from, without the path, which a session's ARN does not show. */
const roleOfSession = (sessionArn: string): string =>
  sessionArn.replace(/^(arn:[^:]+):sts::(\d+):assumed-role\/(.+)\/[^/]+$/, "$1:iam::$2:role/$3");

/**
 * Recognises the principal by its ARN; where that is no IAM ARN (`lambda.amazonaws.com`, `accounts.google.com`), by its `type`.
 *
 * @throws RangeError when neither tells what it is
 */
export const callerOf = (principal: Principal): Caller => {
  const arn = principal.sessionArn ?? principal.arn;
  const form = iamArn.exec(arn);
  const kind =
    (form === null ? undefined : form[3] === "root" ? "root" : kindOfResource[form[4] ?? ""]) ??
    kindOfType[principal.type ?? ""] ??
    (arn === "*" || arn === "anonymous" ? "anonymous" : /\.amazonaws\.com(\.cn)?$/.test(arn) ? "service" : undefined);
  if (kind === undefined) {
    throw new RangeError(
      `The principal ${JSON.stringify(arn)} is neither an IAM or STS ARN nor of a type that says what it is; give principal.type`,
    );
  }
  const givenRole = principal.roleArn ?? (principal.arn.includes(":role/") ? principal.arn : undefined);
  const isOfRole = kind === "session" || kind === "role";
  return {
    kind,
    arn,
    accountId: principal.accountId,
    roleArn: isOfRole ? (givenRole ?? roleOfSession(arn)) : undefined,
    isRolePathUnknown: isOfRole && givenRole === undefined,
    principal,
  };
};

/** The IAM user name, for users only. */
export const userNameOf = (caller: Caller): string | undefined => (caller.kind === "user" ? nameOf(caller.arn) : undefined);

/**
 * How closely a Principal element means the caller: by name (or as everyone); as a session of a named role (or of a user that federated);
 * or only through its account, which hands the decision to that account's own policies.
 */
export type PrincipalMatch = "direct" | "role" | "account";

export interface PrincipalTest {
  match(caller: Caller): PrincipalMatch | undefined;
  /** The account of the one user, role or session that it names. */
  readonly namedIn?: string;
}

const isIamKind = (kind: CallerKind): boolean =>
  kind === "user" || kind === "role" || kind === "session" || kind === "federated-user" || kind === "root";

const everyone: PrincipalTest = { match: () => "direct" };

const accountTest = (accountId: string): PrincipalTest => ({
  match: (caller) => {
    if (caller.accountId !== accountId || !isIamKind(caller.kind)) return undefined;
    return caller.kind === "root" ? "direct" : "account";
  },
});

const roleTest = (roleArn: string, accountId: string): PrincipalTest => {
  const name = nameOf(roleArn);
  const match: PrincipalTest["match"] = (caller) => {
    if (caller.roleArn === undefined) return undefined;
    const isRole = caller.isRolePathUnknown
      ? caller.accountId === accountId && nameOf(caller.roleArn) === name
      : caller.roleArn === roleArn;
    return isRole ? "role" : undefined;
  };
  return { match, namedIn: accountId };
};

/** One value under `"AWS"`; undefined where AWS would answer "Invalid principal in policy". */
const awsPrincipal = (value: string): PrincipalTest | undefined => {
  if (value === "*") return everyone;
  if (/^\d{12}$/.test(value)) return accountTest(value);
  // What AWS shows in the place of the ARN of a principal that has been deleted.
  if (/^A(IDA|ROA)[A-Z0-9]{8,}$/.test(value)) {
    return {
      match: ({ principal, kind }) => (principal.userId?.split(":")[0] !== value ? undefined : kind === "user" ? "direct" : "role"),
    };
  }
  const form = iamArn.exec(value);
  if (form?.[2] === undefined || /[*?]/.test(value)) return undefined;
  if (form[3] === "root") return accountTest(form[2]);
  if (form[4] === "role") return roleTest(value, form[2]);
  const match: PrincipalTest["match"] = ({ arn, principal }) => {
    if (arn === value) return "direct";
    return principal.userArn === value ? "role" : undefined;
  };
  return { match, namedIn: form[2] };
};

const isOfKind = (caller: Caller, kind: CallerKind, value: string): boolean =>
  caller.kind === kind && (value === "*" || caller.arn === value);

/**
 * Compiles one value of a Principal map.
 *
 * @throws RangeError naming a kind or a value that AWS would refuse
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export const compilePrincipal = (kind: string, value: string): PrincipalTest => {
  switch (kind) {
    case "AWS": {
      const test = awsPrincipal(value);
      if (test === undefined) throw new RangeError(`Invalid principal in policy: "AWS":${JSON.stringify(value)}`);
      return test;
    }
    case "Service":
      return { match: (caller) => (isOfKind(caller, "service", value) ? "direct" : undefined) };
    case "Federated":
      return {
        match: (caller) => {
          if (isOfKind(caller, "identity-provider", value)) return "direct";
          return caller.principal.federatedProvider === value ? "role" : undefined;
        },
      };
    case "CanonicalUser":
      return { match: ({ principal }) => (principal.canonicalUserId === value ? "direct" : undefined) };
    default:
      throw new RangeError(`Invalid principal in policy: unknown kind ${JSON.stringify(kind)}`);
  }
};
