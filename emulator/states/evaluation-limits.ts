// Keeps a recursive expression from running for ever: Step Functions ends an evaluation that nests too deep or takes too long.

import type { Expression } from "jsonata";

/** AWS's ceiling for nested evaluations. */
const deepest = 100;

/** Real time, whatever the emulator's clock shows: it is the process that would hang. */
const longestMs = 5_000;

/** One evaluation under way, told apart from others of the same expression. */
class Evaluation {
  readonly #startedAtMs = performance.now();
  #depth = 0;

  /** @param by - 1 on the way in, -1 on the way out; 0 where branches run side by side, whose depths do not add up */
  step(by: 1 | 0 | -1): void {
    this.#depth += by;
    if (this.#depth > deepest) {
      const detail = `Depth=${this.#depth} max=${deepest}`;
      throw new RangeError(
        `Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive. ${detail}`,
      );
    }
    if (performance.now() - this.#startedAtMs > longestMs) {
      throw new RangeError("Expression evaluation timeout: Check for infinite loop");
    }
  }
}

/** No expression can name a variable with a space in it. */
const evaluationName = " evaluation";

interface Frame {
  readonly isParallelCall: boolean;
  lookup(name: string): unknown;
}

const stepIn = (frame: Frame, by: 1 | -1): void => {
  const evaluation = frame.lookup(evaluationName);
  if (evaluation instanceof Evaluation) evaluation.step(frame.isParallelCall ? 0 : by);
};

/** Installs JSONata's own callbacks, whose names are symbols that its types do not know. */
export function limitEvaluations(expression: Expression): void {
  const assign = expression.assign.bind(expression) as unknown as (name: symbol, value: unknown) => void;
  assign(Symbol.for("jsonata.__evaluate_entry"), (_node: unknown, _input: unknown, frame: Frame) => stepIn(frame, 1));
  assign(Symbol.for("jsonata.__evaluate_exit"), (_node: unknown, _input: unknown, frame: Frame) => stepIn(frame, -1));
}

/** To be bound for each evaluation of such an expression. */
export const newEvaluation = (): Readonly<Record<string, unknown>> => ({ [evaluationName]: new Evaluation() });
