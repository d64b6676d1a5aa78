// Two implementations that share nothing answer the same random questions.

import { expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { randomRequests } from "./random-request.ts";
import { secondOpinion } from "./second-opinion.ts";

test("a second implementation decides 6,000 random requests alike", () => {
  const requests = randomRequests(20_261_122);
  const seen = new Map<string, number>();
  for (let count = 0; count < 6_000; count++) {
    const request = requests.next().value;
    const { reason } = evaluate(request);
    seen.set(reason, (seen.get(reason) ?? 0) + 1);
    if (reason !== secondOpinion(request)) expect.fail(`${secondOpinion(request)}, not ${reason}: ${JSON.stringify(request)}`);
  }
  // None of the answers is rare, or agreement would say little.
  for (const reason of ["allowed", "explicit-deny", "implicit-deny"]) expect(seen.get(reason), reason).toBeGreaterThan(500);
});
