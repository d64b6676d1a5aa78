// How an event ended, in Lambda's words: the answer, or the error that the function, the runtime or the sandbox gave.

import type { Exit } from "../../processes/child-processes.ts";
import type { Init, Outcome } from "../../processes/lambda-process.ts";
import type { InvocationReport } from "./invocation-log.ts";

/** Largest answer of a synchronous call, in bytes. */
const largestAnswer = 6_291_556;

export interface Answer {
  readonly payload: Uint8Array;
  readonly isError: boolean;
  readonly report: Pick<InvocationReport, "status" | "errorType">;
}

/** What the caller gets for how an event, or the start of its process, ended. */
export function describeOutcome(
  outcome: Outcome | Exclude<Init, { kind: "ready" }>,
  of: { requestId: string; isTimedOut: boolean; timeoutSeconds: number },
): Answer {
  switch (outcome.kind) {
    case "response":
      if (outcome.payload.length <= largestAnswer) return { payload: outcome.payload, isError: false, report: { status: "success" } };
      return failure(
        "Function.ResponseSizeTooLarge",
        `Response payload size exceeded maximum allowed payload size (${largestAnswer} bytes).`,
      );
    case "error":
      return { payload: outcome.payload, isError: true, report: { status: "error", ...errorType(outcome.payload) } };
    case "killed":
    case "exit": {
      if (of.isTimedOut) {
        const message = `RequestId: ${of.requestId} Error: Task timed out after ${of.timeoutSeconds.toFixed(2)} seconds`;
        return failure("Sandbox.Timedout", message, "timeout");
      }
      const exit = outcome.kind === "exit" ? outcome.exit : { code: null, signal: "SIGKILL" as const };
      return failure("Runtime.ExitError", `RequestId: ${of.requestId} Error: ${exitText(exit)}`);
    }
    default:
      return outcome satisfies never;
  }
}

function failure(errorType: string, errorMessage: string, status: "failure" | "timeout" = "failure"): Answer {
  return { payload: Buffer.from(JSON.stringify({ errorType, errorMessage })), isError: true, report: { status, errorType } };
}

function errorType(payload: Buffer): { errorType?: string } {
  try {
    const parsed: unknown = JSON.parse(payload.toString("utf8"));
    const type = typeof parsed === "object" && parsed !== null && "errorType" in parsed ? parsed.errorType : undefined;
    return typeof type === "string" ? { errorType: type } : {};
  } catch {
    // The runtime's own words, whatever they are, reach the caller unread.
    return {};
  }
}

const signalNames: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGTERM: "terminated",
  SIGSEGV: "segmentation fault",
  SIGABRT: "aborted",
};

function exitText({ code, signal }: Exit): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signalNames[signal] ?? signal}`;
  return code === 0 ? "Runtime exited without providing a reason" : `Runtime exited with error: exit status ${code}`;
}
