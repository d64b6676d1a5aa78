// The state machine's definition as it would be deployed: its form, who each step runs as, what is tried again and what is caught.

import aslValidator from "asl-validator";
import { describe, expect, it } from "vitest";
import { failureNames } from "../../core/errors.ts";
import { stateNames } from "../../core/naming.ts";
import { account, synthesise } from "../infra/synthesised.ts";

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Credentials?: { readonly RoleArn: string };
  readonly TimeoutSeconds?: number | string;
  readonly Arguments?: unknown;
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[] }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string; readonly Assign: Record<string, unknown> }[];
}

const [machine] = synthesise().ofType("AWS::StepFunctions::StateMachine");
const definition = JSON.parse(machine?.Properties.DefinitionString) as {
  StartAt: string;
  QueryLanguage: string;
  States: Record<string, State>;
};
const states = definition.States;
const entries = Object.entries(states);

const successors = ({ Choices = [], Default, Next, Catch = [] }: State): string[] =>
  [...Choices.map((choice) => choice.Next), Default, Next, ...Catch.map((caught) => caught.Next)].filter((to) => to !== undefined);

describe("the definition", () => {
  it("is valid Amazon States Language in JSONata", () => {
    const { isValid, errorsText } = aslValidator(definition);
    expect(errorsText("\n")).toBe("");
    expect(isValid).toBe(true);
    expect(definition.QueryLanguage).toBe("JSONata");
  });

  it("has the design's states, and none that fails", () => {
    expect(Object.keys(states).sort()).toEqual(Object.values(stateNames).sort());
    expect(entries.filter(([, { Type }]) => Type === "Fail")).toEqual([]);
  });

  it.each([
    ["AdmitRun", ["ResumeAt"]],
    ["ResumeAt", ["RetrieveCredentials", "AuthorizeSubmission", "HasMfaCode"]],
    ["HasMfaCode", ["ValidateMfa", "RequestMfa"]],
    ["RequestMfa", ["HasMfaCode"]],
    ["ValidateMfa", ["RetrieveCredentials"]],
    ["RetrieveCredentials", ["AuthorizeSubmission"]],
    ["AuthorizeSubmission", ["RunJob"]],
    ["RunJob", []],
  ])("goes from %s to %j", (name, next) => {
    const { Catch: _caught, ...state } = states[name] as State;
    expect(successors(state)).toEqual(next);
  });

  it("starts at AdmitRun, to which no other state leads: whatever runs was admitted", () => {
    expect(definition.StartAt).toBe("AdmitRun");
    expect(entries.filter(([, state]) => successors(state).includes("AdmitRun"))).toEqual([]);
  });

  it("reaches RunJob from AuthorizeSubmission alone", () => {
    expect(entries.flatMap(([name, state]) => (successors(state).includes("RunJob") ? [name] : []))).toEqual(["AuthorizeSubmission"]);
  });

  it("takes a submission from AuthorizeSubmission alone, whatever a replay brings along", () => {
    const assigning = entries.flatMap(([name, { Assign = {} }]) => ("submission" in Assign ? [[name, Assign["submission"]]] : []));
    expect(assigning).toEqual([["AuthorizeSubmission", "{% $states.result.Payload.submission %}"]]);
  });

  it("takes the order from AdmitRun alone", () => {
    const assigning = entries.flatMap(([name, { Assign = {} }]) => ("order" in Assign ? [[name, Assign["order"]]] : []));
    expect(assigning).toEqual([["AdmitRun", "{% $states.result.Payload %}"]]);
  });
});

describe("each step", () => {
  it.each([
    ["AdmitRun", "InvokeAdmitRun", "arn:aws:states:::lambda:invoke", 90],
    ["RequestMfa", "InvokeRequestMfa", "arn:aws:states:::lambda:invoke.waitForTaskToken", 14_400],
    ["ValidateMfa", "InvokeValidateMfa", "arn:aws:states:::lambda:invoke", 90],
    ["RetrieveCredentials", "InvokeRetrieveCredentials", "arn:aws:states:::lambda:invoke", 90],
    ["AuthorizeSubmission", "InvokeAuthorizeSubmission", "arn:aws:states:::lambda:invoke", 90],
    ["RunJob", "RunJobRole", "arn:aws:states:::batch:submitJob.sync", "{% $order.credentialSeconds %}"],
  ])("%s runs as %s and has a limit", (name, role, resource, timeout) => {
    const { Resource, Credentials, TimeoutSeconds } = states[name] as State;
    expect({ Resource, Credentials, TimeoutSeconds }).toEqual({
      Resource: resource,
      Credentials: { RoleArn: `arn:aws:iam::${account}:role/${role}` },
      TimeoutSeconds: timeout,
    });
  });

  it("is tried again only where that does no harm", () => {
    const retried = entries.flatMap(([name, { Retry }]) =>
      Retry ? [[name, Retry.flatMap(({ ErrorEquals }) => ErrorEquals)] as const] : [],
    );
    const lambdaHadTrouble = [
      "Lambda.ClientExecutionTimeoutException",
      "Lambda.ServiceException",
      "Lambda.AWSLambdaException",
      "Lambda.SdkClientException",
      "Lambda.TooManyRequestsException",
    ];
    expect(Object.fromEntries(retried)).toEqual({
      AdmitRun: lambdaHadTrouble,
      RetrieveCredentials: lambdaHadTrouble,
      AuthorizeSubmission: lambdaHadTrouble,
      RequestMfa: ["Lambda.TooManyRequestsException"],
    });
  });

  it("goes back to RequestMfa on the failures that a new code heals, and says why", () => {
    const caught = entries.flatMap(([name, { Catch }]) =>
      (Catch ?? []).map(({ ErrorEquals, Next, Assign }) => [name, ErrorEquals, Next, Assign["because"]]),
    );
    expect(caught).toEqual([
      ["ValidateMfa", ["MfaRejected", "MfaLocked"], "RequestMfa", "refused"],
      ["RetrieveCredentials", ["MfaSessionExpired"], "RequestMfa", "session-expired"],
      ["RunJob", ["States.QueryEvaluationError"], "RequestMfa", "session-expired"],
    ]);
  });

  it("catches no name that a task could not raise", () => {
    const names = entries.flatMap(([, { Catch }]) => (Catch ?? []).flatMap(({ ErrorEquals }) => ErrorEquals));
    const own = names.filter((name) => !name.startsWith("States."));
    expect(own.filter((name) => !(failureNames as readonly string[]).includes(name))).toEqual([]);
  });

  it("hands each Lambda its own inputs and nothing that another step holds", () => {
    const payloads = entries.flatMap(([name, { Arguments }]) =>
      typeof Arguments === "object" && Arguments !== null && "Payload" in Arguments ? [[name, Arguments.Payload] as const] : [],
    );
    expect(Object.fromEntries(payloads)).toEqual({
      AdmitRun: {
        run: "{% $states.context.Execution.Name %}",
        startedAt: "{% $states.context.Execution.StartTime %}",
        input: "{% $states.input %}",
      },
      RequestMfa: expect.stringContaining("'taskToken': $states.context.Task.Token"),
      ValidateMfa: { order: "{% $order %}", mfaCode: "{% $mfaCode %}" },
      RetrieveCredentials: { order: "{% $order %}", session: "{% $session %}" },
      AuthorizeSubmission: { order: "{% $order %}", credentials: "{% $credentials %}", expiresAt: "{% $expiresAt %}" },
    });
  });
});
