// A second evaluation of policies, as plain as can be: AWS's pages put into code sentence by sentence, nothing compiled, nothing shared
// with policy/. It knows users, role sessions and account roots only, and policies that AWS would store.

import type { PolicyDocument, Statement } from "../../policy/document.ts";
import type { EvaluationRequest } from "../../policy/evaluate.ts";

type Reason = "allowed" | "explicit-deny" | "implicit-deny";

const many = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** What stands for characters that a pattern takes as they are. */
const star = "\u0001";
const question = "\u0002";
const dollar = "\u0003";

const wild = (pattern: string, any: string, one: string): string =>
  [...pattern]
    .map((character) => {
      if (character === "*") return any;
      if (character === "?") return one;
      const plain = character === star ? "*" : character === question ? "?" : character === dollar ? "$" : character;
      return plain.replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
    })
    .join("");

const whole = (body: string, flags = ""): RegExp => new RegExp(`^${body}$`, `s${flags}`);
const plainly = (text: string): string => text.replaceAll(star, "*").replaceAll(question, "?").replaceAll(dollar, "$");

interface World {
  readonly request: EvaluationRequest;
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

const isSession = (arn: string): boolean => arn.includes(":assumed-role/");
const roleOf = (arn: string): string => arn.replace(":sts:", ":iam:").replace(/:assumed-role\/(.*)\/.*/, ":role/$1");

function worldOf(request: EvaluationRequest): World {
  const { arn, accountId, userId, tags } = request.principal;
  const isRoot = arn.endsWith(":root");
  const derived: [string, string | undefined][] = [
    ["aws:PrincipalArn", isSession(arn) ? roleOf(arn) : arn],
    ["aws:PrincipalAccount", accountId],
    ["aws:PrincipalType", isRoot ? "Account" : isSession(arn) ? "AssumedRole" : "User"],
    ["aws:username", arn.includes(":user/") ? arn.split("/").at(-1) : undefined],
    ["aws:userid", userId ?? (isRoot ? accountId : undefined)],
    ["aws:PrincipalIsAWSService", "false"],
    ["aws:ResourceAccount", request.resourceAccountId],
    ...Object.entries(tags ?? {}).map(([tag, value]): [string, string] => [`aws:PrincipalTag/${tag}`, value]),
  ];
  const keys = new Map<string, readonly string[]>();
  for (const [key, value] of derived) if (value !== undefined) keys.set(key.toLowerCase(), [value]);
  for (const [key, value] of Object.entries(request.context)) if (many(value).length > 0) keys.set(key.toLowerCase(), many(value));
  return { request, keys };
}

/** Undefined where a variable cannot be resolved. */
function filled(text: string, document: PolicyDocument, { keys }: World): string | undefined {
  if (document.Version !== "2012-10-17") return text;
  let unresolved = false;
  const result = text.replace(/\$\{([^}]*)\}/g, (_all, inner: string) => {
    if (inner === "*") return star;
    if (inner === "?") return question;
    if (inner === "$") return dollar;
    const [name = "", fallback] = inner.split(",").map((part) => part.trim());
    const values = keys.get(name.toLowerCase());
    const value = values?.length === 1 ? values[0] : fallback?.slice(1, -1);
    if (value === undefined) unresolved = true;
    return (value ?? "").replaceAll("*", star).replaceAll("?", question);
  });
  return unresolved ? undefined : result;
}

/** "If you specify an asterisk as the last character of a segment, it can expand beyond the colon boundaries." */
function resourceMatches(pattern: string, resource: string): boolean {
  const segments = pattern.split(":");
  const [head, tail] = [segments.slice(0, 5), segments.slice(5).join(":")];
  const body = head.map((segment) =>
    segment.endsWith("*") ? `${wild(segment.slice(0, -1), "[^:]*", "[^:]")}.*` : wild(segment, "[^:]*", "[^:]"),
  );
  return whole([...body, ...(segments.length > 5 ? [wild(tail, ".*", ".")] : [])].join(":")).test(resource);
}

function arnMatches(pattern: string, value: string): boolean {
  const parts = (arn: string): string[] => [...arn.split(":").slice(0, 5), arn.split(":").slice(5).join(":")];
  const [wanted, given] = [pattern === "*" ? ["*", "*", "*", "*", "*", "*"] : parts(pattern), parts(value)];
  return value.split(":").length >= 6 && wanted.every((part, index) => whole(wild(part, ".*", ".")).test(given[index] ?? ""));
}

function inRange(range: string, address: string): boolean {
  const bits = (ip: string): string | undefined =>
    /^\d+(\.\d+){3}$/.test(ip) && ip.split(".").every((part) => Number(part) < 256)
      ? ip
          .split(".")
          .map((part) => Number(part).toString(2).padStart(8, "0"))
          .join("")
      : undefined;
  const [network = "", length = "32"] = range.split("/");
  const [a, b] = [bits(network), bits(address)];
  return a !== undefined && b !== undefined && a.slice(0, Number(length)) === b.slice(0, Number(length));
}

const numbers = (wanted: string, given: string, holds: (order: number) => boolean): boolean =>
  given !== "" && !Number.isNaN(Number(given)) && holds(Math.sign(Number(given) - Number(wanted)));
const dates = (wanted: string, given: string, holds: (order: number) => boolean): boolean => {
  const at = (text: string): number => (/^\d{5,}$/.test(text) ? Number(text) * 1000 : Date.parse(text));
  return !Number.isNaN(at(given)) && holds(Math.sign(at(given) - at(wanted)));
};
const orders: Readonly<Record<string, (order: number) => boolean>> = {
  Equals: (order) => order === 0,
  LessThan: (order) => order < 0,
  LessThanEquals: (order) => order <= 0,
  GreaterThan: (order) => order > 0,
  GreaterThanEquals: (order) => order >= 0,
};

/** `base` without its Not. */
function valueMatches(base: string, wanted: string, given: string): boolean {
  const [, kind, comparison = ""] = /^(Numeric|Date)(.*)$/.exec(base) ?? [];
  const holds = orders[comparison];
  if (kind === "Numeric" && holds !== undefined) return numbers(wanted, given, holds);
  if (kind === "Date" && holds !== undefined) return dates(wanted, given, holds);
  switch (base) {
    case "StringEquals":
      return plainly(wanted) === given;
    case "StringEqualsIgnoreCase":
      return plainly(wanted).toLowerCase() === given.toLowerCase();
    case "StringLike":
      return whole(wild(wanted, ".*", ".")).test(given);
    case "Bool":
      return wanted.toLowerCase() === given.toLowerCase();
    case "IpAddress":
      return inRange(wanted, given);
    case "ArnEquals":
    case "ArnLike":
      return arnMatches(wanted, given);
    default:
      throw new Error(`the second opinion does not know ${base}`);
  }
}

const usesVariables = (base: string): boolean => base.startsWith("String") || base.startsWith("Arn");

function conditionHolds(operator: string, of: { key: string; wanted: readonly string[]; document: PolicyDocument; world: World }): boolean {
  const { key, wanted, document, world } = of;
  const given = world.keys.get(key.toLowerCase());
  if (operator === "Null") return wanted.some((value) => (value.toLowerCase() === "true") === (given === undefined));
  const [set, rest = ""] = operator.includes(":") ? operator.split(":") : [undefined, operator];
  const ifExists = rest.endsWith("IfExists");
  const name = ifExists ? rest.slice(0, -"IfExists".length) : rest;
  const isNegated = name.includes("Not");
  const base = name.replace("Not", "");
  if (given === undefined && ifExists) return true;
  const values = wanted.map((value) => (usesVariables(base) ? filled(value, document, world) : value));
  const one = (value: string): boolean => {
    if (isNegated) return values.every((each) => each !== undefined && !valueMatches(base, each, value));
    return values.some((each) => each !== undefined && valueMatches(base, each, value));
  };
  if (set === undefined) {
    if (given === undefined) return isNegated;
    return given.length === 1 && given.every(one);
  }
  const members = (given ?? []).length === 1 && given?.[0] === "" ? [] : (given ?? []);
  return set === "ForAllValues" ? members.every(one) : members.some(one);
}

/** How a Principal names the caller: as itself or everyone, as its role, as its account. */
type Named = "itself" | "role" | "account" | undefined;

function named(principal: NonNullable<Statement["Principal"]>, { arn, accountId }: EvaluationRequest["principal"]): Named {
  if (principal === "*") return "itself";
  const values = many(principal["AWS"]);
  if (values.includes("*") || values.includes(arn)) return "itself";
  const account = values.includes(accountId) || values.includes(`arn:aws:iam::${accountId}:root`);
  if (account && arn.endsWith(":root")) return "itself";
  if (isSession(arn) && values.includes(roleOf(arn))) return "role";
  return account ? "account" : undefined;
}

function spared(principal: NonNullable<Statement["NotPrincipal"]>, caller: EvaluationRequest["principal"]): boolean {
  const how = named(principal, caller);
  if (how !== "account") return how !== undefined;
  // "AWS checks the account, then the role, then the session": who is named besides the account is meant alone.
  const others = principal === "*" ? [] : many(principal["AWS"]);
  return !others.some((value) => value.includes(`::${caller.accountId}:`) && !value.endsWith(":root"));
}

function applies(statement: Statement, document: PolicyDocument, world: World): Named {
  const { action, resource, principal, permissionsBoundaries = [] } = world.request;
  const does = (patterns: Statement["Action"]): boolean =>
    many(patterns).some((pattern) => whole(wild(pattern, ".*", "."), "i").test(action));
  if (statement.Action !== undefined ? !does(statement.Action) : does(statement.NotAction)) return undefined;
  const resources = many(statement.Resource ?? statement.NotResource).map((each) => filled(each, document, world));
  const unresolved = resources.includes(undefined);
  const isResource = resources.some((each) => each !== undefined && resourceMatches(each, resource));
  if (statement.Resource !== undefined && !isResource) return undefined;
  if (statement.NotResource !== undefined && (isResource || unresolved)) return undefined;
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, values] of Object.entries(keys)) {
      if (!conditionHolds(operator, { key, wanted: many(values).map(String), document, world })) return undefined;
    }
  }
  if (statement.Principal !== undefined) return named(statement.Principal, principal);
  if (statement.NotPrincipal === undefined) return "itself";
  if (statement.Effect === "Deny" && permissionsBoundaries.length > 0) return "itself";
  return spared(statement.NotPrincipal, principal) ? undefined : "itself";
}

/** What an answer needs to know of some policies. */
function read(documents: readonly PolicyDocument[], world: World): { denies: boolean; allows: ReadonlySet<Named> } {
  const found = documents.flatMap((document) =>
    many(document.Statement).map((statement) => ({ effect: statement.Effect, how: applies(statement, document, world) })),
  );
  return {
    denies: found.some(({ effect, how }) => effect === "Deny" && how !== undefined),
    allows: new Set(found.filter(({ effect, how }) => effect === "Allow" && how !== undefined).map(({ how }) => how)),
  };
}

export function secondOpinion(request: EvaluationRequest): Reason {
  const world = worldOf(request);
  const { principal, resourcePolicy, identityPolicies, permissionsBoundaries = [], sessionPolicies = [] } = request;
  const levels = request.serviceControlPolicies ?? [];
  const resource = read(many(resourcePolicy), world);
  const identity = read(identityPolicies, world);
  const session = read(sessionPolicies, world);
  const boundaries = permissionsBoundaries.map((each) => read([each], world));
  const organisation = levels.map((level) => read(level, world));
  if ([resource, identity, session, ...boundaries, ...organisation].some(({ denies }) => denies)) return "explicit-deny";
  if (organisation.some(({ allows }) => allows.size === 0)) return "implicit-deny";
  const limited = boundaries.some(({ allows }) => allows.size === 0) || (sessionPolicies.length > 0 && session.allows.size === 0);
  const byIdentity = (principal.arn.endsWith(":root") || identity.allows.size > 0) && !limited;
  if (principal.accountId !== request.resourceAccountId) return byIdentity && resource.allows.size > 0 ? "allowed" : "implicit-deny";
  if (resource.allows.has("itself")) return "allowed";
  if (resource.allows.has("role")) return limited ? "implicit-deny" : "allowed";
  const isKey = request.action.toLowerCase().startsWith("kms:") && request.resource.includes(":key/");
  const isTrust = request.action.toLowerCase() === "sts:assumerole" && request.resource.includes(":role/");
  if ((isKey || isTrust) && resource.allows.size === 0) return "implicit-deny";
  return byIdentity ? "allowed" : "implicit-deny";
}
