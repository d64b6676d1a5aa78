// The condition keys of one request: what the caller of `evaluate` supplied, and what the principal implies.

import { type Caller, userNameOf } from "./principal.ts";
import type { EvaluationRequest } from "./request.ts";

const principalTypes: Readonly<Partial<Record<Caller["kind"], string>>> = {
  user: "User",
  role: "AssumedRole",
  session: "AssumedRole",
  "federated-user": "FederatedUser",
  root: "Account",
};

/**
 * Condition keys by lower-case name; an empty list counts as absent.
 *
 * Added where the supplied context lacks them: `aws:PrincipalArn` (of an assumed role the role's ARN, never the session's),
 * `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username` (IAM users only), `aws:userid`, `aws:PrincipalTag/<key>`,
 * `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName` and `aws:ResourceAccount`. Everything else, `aws:MultiFactorAuthPresent`,
 * `aws:SourceAccount` and `aws:CurrentTime` included, is absent unless supplied.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export class RequestContext {
  readonly #supplied: EvaluationRequest["context"];
  readonly #resourceAccountId: string;
  readonly #caller: Caller;
  #byKey: Map<string, readonly string[]> | undefined;

  constructor({ context, resourceAccountId }: Pick<EvaluationRequest, "context" | "resourceAccountId">, caller: Caller) {
    this.#supplied = context;
    this.#resourceAccountId = resourceAccountId;
    this.#caller = caller;
  }

  /** @param key - in lower case */
  values(key: string): readonly string[] | undefined {
    this.#byKey ??= this.#build();
    return this.#byKey.get(key);
  }

  #build(): Map<string, readonly string[]> {
    const byKey = new Map<string, readonly string[]>();
    for (const [key, value] of Object.entries(this.#supplied)) {
      const values = typeof value === "string" ? [value] : value;
      if (values !== undefined && values.length > 0) byKey.set(key.toLowerCase(), values);
    }
    if (!byKey.has("aws:resourceaccount")) byKey.set("aws:resourceaccount", [this.#resourceAccountId]);
    for (const [key, value] of impliedBy(this.#caller)) {
      if (value !== undefined && !byKey.has(key)) byKey.set(key, [value]);
    }
    return byKey;
  }
}

/** Of those whose id is made of what their ARN says. */
const userIdOf = ({ kind, accountId, arn }: Caller): string | undefined => {
  if (kind === "root") return accountId;
  return kind === "federated-user" ? `${accountId}:${arn.slice(arn.indexOf("/") + 1)}` : undefined;
};

function* impliedBy(caller: Caller): Generator<readonly [string, string | undefined]> {
  if (caller.kind === "anonymous" || caller.kind === "identity-provider") return;
  const isService = caller.kind === "service";
  yield ["aws:principalisawsservice", String(isService)];
  if (isService) {
    yield ["aws:principalservicename", caller.arn];
    return;
  }
  yield ["aws:principalarn", caller.roleArn ?? caller.arn];
  yield ["aws:principalaccount", caller.accountId];
  yield ["aws:principaltype", principalTypes[caller.kind]];
  yield ["aws:username", userNameOf(caller)];
  yield ["aws:userid", caller.principal.userId ?? userIdOf(caller)];
  for (const [key, value] of Object.entries(caller.principal.tags ?? {})) yield [`aws:principaltag/${key.toLowerCase()}`, value];
}
