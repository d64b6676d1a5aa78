// The workflow's JSONata, where it says more than a path: one place to read it, and to test it with an evaluator.

/** What the Lambda returned. */
export const lambdaAnswered = "{% $states.result.Payload %}";

/** The code in an input or an answer, or null: a string, or an object with the sealed code. Which of them is good, ValidateMfa says. */
export const mfaCodeIn = (source: string): string => `{% $type(${source}.mfaCode) in ['string', 'object'] ? ${source}.mfaCode : null %}`;

const resume = "$states.context.Execution.Input.resume";

/** What the earlier execution's `output` holds, or null; AdmitRun has looked at its form, and KMS will at its contents. */
export const resumedOutput = (output: string): string => `{% $exists(${resume}.outputs.${output}) ? ${resume}.outputs.${output} : null %}`;

export const resumesAt = (state: string): string => `{% ${resume}.from = '${state}' %}`;

/** Why a run without a code asks for one. */
export const whyWithoutCode = `{% $exists(${resume}) ? 'replayed' : 'no-code' %}`;

/** RequestMfa's input; a message only where an error or an answer led here. */
export const requestMfaPayload = (approvalSeconds: number): string =>
  [
    "{% $merge([{",
    "'order': $order, 'because': $because, 'execution': $states.context.Execution.Id, 'taskToken': $states.context.Task.Token,",
    `'deadline': $fromMillis($toMillis($states.context.State.EnteredTime) + ${approvalSeconds * 1000})`,
    "}, $message = null ? {} : {'message': $message}]) %}",
  ].join(" ");

/** The text that a task's failure carries; Lambda puts it into the Cause, as JSON. */
export const failureText =
  "{% ($text := $parse($states.errorOutput.Cause).errorMessage; $exists($text) ? $text : $states.errorOutput.Error) %}";

/** The longest that the job may still wait and run. */
const seconds = "$order.queueSeconds + $order.attempts * $order.timeoutSeconds";

/** The request, if the credentials outlive the job: checked before every submission, so also when a redrive comes hours later. */
export const submissionThatCredentialsOutlive = [
  `{% ($assert($toMillis($expiresAt) >= $millis() + 1000 * (${seconds}),`,
  "'The credentials would end before the job could.'); $submission) %}",
].join(" ");

/** The run's result. It must not fail, whatever Batch answers: an evaluation error here would start the job a second time. */
export const jobResult = [
  "{% ($time := function($ms) { $type($ms) = 'number' ? $fromMillis($ms) };",
  "{'run': $order.run, 'job': $order.job, 'admin': $order.admin, 'jobId': $states.result.JobId,",
  "'exitCode': $states.result.Container.ExitCode, 'attempts': $count($states.result.Attempts),",
  "'logStream': $states.result.Container.LogStreamName,",
  "'startedAt': $time($states.result.StartedAt), 'stoppedAt': $time($states.result.StoppedAt)}) %}",
].join(" ");
