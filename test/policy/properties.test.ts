// Laws that hold for any policies: what may change a decision, and in which direction.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PolicyDocument, Statement } from "../../policy/document.ts";
import { type EvaluationRequest, evaluate } from "../../policy/evaluate.ts";
import { account, alice, otherAccount, readerRole, session, stranger } from "./ask.ts";

const listOf = (...values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });

const condition = fc.constantFrom<NonNullable<Statement["Condition"]>>(
  {},
  { StringEquals: { "x:Team": "red" } },
  { StringNotEquals: { "x:Team": ["red", "blue"] } },
  { "ForAllValues:StringLike": { "x:Tags": "r*" } },
  { "ForAnyValue:StringLike": { "x:Tags": "r*" } },
  { Null: { "x:Team": "true" } },
  { BoolIfExists: { "x:Mfa": "true" } },
);

const actionElement = fc.oneof(
  listOf("s3:GetObject", "s3:*", "*", "S3:Put*", "kms:Decrypt").map((Action) => ({ Action })),
  listOf("s3:Put*", "kms:*", "iam:*").map((NotAction) => ({ NotAction })),
);
const resourceElement = fc.oneof(
  listOf("*", "arn:aws:s3:::reports/*", "arn:aws:s3:::*/a", "arn:aws:s3:::other/a").map((Resource) => ({ Resource })),
  listOf("arn:aws:s3:::other/*", "arn:aws:s3:::reports/b").map((NotResource) => ({ NotResource })),
);
const principalNames = listOf("*", account, otherAccount, alice.arn, readerRole, session.arn, stranger.arn);
const principalElement = fc.oneof(
  { weight: 4, arbitrary: principalNames.map((AWS) => ({ Principal: { AWS } })) },
  { weight: 1, arbitrary: listOf(account, alice.arn, readerRole).map((AWS) => ({ NotPrincipal: { AWS } })) },
);

const unattached = fc
  .tuple(fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const), actionElement, resourceElement, condition)
  .map(([Effect, action, resource, Condition]): Statement => ({ Effect, ...action, ...resource, Condition }));
const attached = fc.tuple(unattached, principalElement).map(([statement, principal]): Statement => ({ ...statement, ...principal }));

const documentOf = (statement: fc.Arbitrary<Statement>) =>
  fc.array(statement, { maxLength: 4 }).map((Statement): PolicyDocument => ({ Version: "2012-10-17", Statement }));
const ofIdentity = documentOf(unattached);
const ofResource = documentOf(attached);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const requests: fc.Arbitrary<EvaluationRequest> = fc.record({
  principal: fc.constantFrom(alice, session, stranger),
  action: fc.constantFrom("s3:GetObject", "s3:PutObject", "kms:Decrypt"),
  resource: fc.constantFrom("arn:aws:s3:::reports/a", "arn:aws:s3:::reports/b", "arn:aws:s3:::other/a"),
  resourceAccountId: fc.constantFrom(account, account, otherAccount),
  context: fc.record(
    {
      "x:Team": fc.constantFrom("red", "green"),
      "X:tags": fc.subarray(["r1", "r2", "b"]),
      "x:Mfa": fc.constantFrom("true", "false"),
    },
    { requiredKeys: [] },
  ),
  identityPolicies: fc.array(ofIdentity, { maxLength: 3 }),
  resourcePolicy: optional(ofResource),
  permissionsBoundaries: optional(fc.array(ofIdentity, { maxLength: 2 })),
  sessionPolicies: optional(fc.array(ofIdentity, { maxLength: 2 })),
  serviceControlPolicies: optional(fc.array(fc.array(ofIdentity, { maxLength: 2 }), { maxLength: 2 })),
  vpcEndpointPolicy: optional(ofResource),
  resourceKind: fc.constantFrom(undefined, undefined, "kms-key" as const, "role-trust" as const),
});

type Edit = (statements: readonly Statement[], isAttached: boolean) => readonly Statement[];

const statementsIn = ({ Statement }: PolicyDocument): readonly Statement[] => [Statement].flat() as readonly Statement[];

/** The request with every document rewritten, and the lists of documents too. */
const rewritten = (
  request: EvaluationRequest,
  edit: Edit,
  reorder: <T>(list: readonly T[]) => readonly T[] = (list) => list,
): EvaluationRequest => {
  const document =
    (isAttached: boolean) =>
    (original: PolicyDocument): PolicyDocument => ({ ...original, Statement: edit(statementsIn(original), isAttached) });
  const list = (documents: readonly PolicyDocument[]): readonly PolicyDocument[] => reorder(documents.map(document(false)));
  return {
    ...request,
    identityPolicies: list(request.identityPolicies),
    resourcePolicy: request.resourcePolicy && document(true)(request.resourcePolicy),
    permissionsBoundaries: request.permissionsBoundaries && list(request.permissionsBoundaries),
    sessionPolicies: request.sessionPolicies && list(request.sessionPolicies),
    serviceControlPolicies: request.serviceControlPolicies && reorder(request.serviceControlPolicies.map(list)),
    vpcEndpointPolicy: request.vpcEndpointPolicy && document(true)(request.vpcEndpointPolicy),
  };
};

/** Applies `edit` to the document that `index` picks, counted over all of them. */
const inOneDocument = (index: number, edit: Edit): Edit => {
  let seen = 0;
  return (statements, isAttached) => (seen++ === index ? edit(statements, isAttached) : statements);
};

const holdsFor = (...args: Parameters<typeof law>): void => {
  fc.assert(law(...args), { numRuns: 1500 });
};
const law = (check: (request: EvaluationRequest, statement: Statement, index: number) => void) =>
  fc.property(requests, attached, fc.nat({ max: 8 }), check);

const reasonOf = (request: EvaluationRequest): string => evaluate(request).reason;

describe("any decision", () => {
  it("is never turned into an allow by adding a deny", () => {
    holdsFor((request, { Principal, NotPrincipal, ...rest }, index) => {
      const named = Principal === undefined ? (NotPrincipal === undefined ? {} : { NotPrincipal }) : { Principal };
      const edit: Edit = (statements, isAttached) => [...statements, { ...rest, ...(isAttached ? named : {}), Effect: "Deny" }];
      const after = evaluate(rewritten(request, inOneDocument(index, edit)));
      expect(after.allowed && !evaluate(request).allowed).toBe(false);
    });
  });

  it("is never turned into an allow by removing an allow", () => {
    holdsFor((request, _statement, index) => {
      const edit: Edit = (statements) => {
        const at = statements.findIndex(({ Effect }) => Effect === "Allow");
        return statements.filter((_each, position) => position !== at);
      };
      const after = evaluate(rewritten(request, inOneDocument(index, edit)));
      expect(after.allowed && !evaluate(request).allowed).toBe(false);
    });
  });

  it("does not depend on the order of statements, policies and levels", () => {
    holdsFor((request) => {
      const reversed = rewritten(
        request,
        (statements) => statements.toReversed(),
        (list) => list.toReversed(),
      );
      expect(reasonOf(reversed)).toBe(reasonOf(request));
    });
  });

  it("is not changed by statements about another action", () => {
    holdsFor((request, { Action: _action, NotAction: _notAction, Principal, NotPrincipal, ...rest }) => {
      const named = Principal === undefined ? (NotPrincipal === undefined ? {} : { NotPrincipal }) : { Principal };
      const edit: Edit = (statements, isAttached) => [{ ...rest, ...(isAttached ? named : {}), Action: "unrelated:Thing" }, ...statements];
      expect(reasonOf(rewritten(request, edit))).toBe(reasonOf(request));
    });
  });

  it("is not changed by repeating every statement", () => {
    holdsFor((request) => {
      expect(reasonOf(rewritten(request, (statements) => [...statements, ...statements]))).toBe(reasonOf(request));
    });
  });

  it("is the same with and without an explanation, which finds the same statements", () => {
    holdsFor((request) => {
      const { statements, ...explained } = evaluate({ ...request, explain: true });
      const plain = evaluate(request);
      expect(explained).toEqual(plain);
      if (plain.decidedBy !== undefined) {
        const effect = plain.allowed ? "Allow" : "Deny";
        expect(statements).toContainEqual({ ...plain.decidedBy, effect, matched: true, because: undefined });
      }
      expect(statements?.every(({ matched, because }) => matched === (because === undefined))).toBe(true);
    });
  });

  it("is reached by the generated requests in every way", () => {
    const reasons = new Set(fc.sample(requests, { numRuns: 2000, seed: 7 }).map(reasonOf));
    expect(reasons).toEqual(new Set(["allowed", "explicit-deny", "implicit-deny"]));
  });
});
