// What a Task's Resource asks for, read from its ARN: it decides the events of the history and how the task ends.

export type Pattern = "request-response" | "waitForTaskToken" | "sync" | "sync:2";

export type Integration =
  /** `arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]`: the function's bare answer, LambdaFunction… events. */
  | { readonly kind: "lambda-function"; readonly arn: string }
  | { readonly kind: "activity"; readonly arn: string }
  /** `arn:aws:states:::<service>:<action>[.<pattern>]`. */
  | {
      readonly kind: "service";
      /** `lambda`, `batch`, `aws-sdk:sns`, …: the events' `resourceType`. */
      readonly service: string;
      readonly action: string;
      readonly pattern: Pattern;
      /** `submitJob.sync`: the events' `resource`. */
      readonly resource: string;
    };

const lambdaFunction = /^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/;
const activity = /^arn:[\w-]+:states:[\w-]+:\d{12}:activity:.+$/;
const serviceIntegration =
  /^arn:[\w-]+:states:[\w-]*:(?:\d{12})?:(?<service>aws-sdk:\w+|[\w-]+):(?<action>\w+)(?:\.(?<pattern>waitForTaskToken|sync|sync:2))?$/;

/** Undefined where the text is no resource that a Task takes. */
export function parseResource(arn: string): Integration | undefined {
  if (lambdaFunction.test(arn)) return { kind: "lambda-function", arn };
  if (activity.test(arn)) return { kind: "activity", arn };
  const { service, action, pattern } = serviceIntegration.exec(arn)?.groups ?? {};
  if (service === undefined || action === undefined) return undefined;
  return {
    kind: "service",
    service,
    action,
    pattern: (pattern ?? "request-response") as Pattern,
    resource: pattern === undefined ? action : `${action}.${pattern}`,
  };
}
