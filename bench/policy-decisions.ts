// How many requests policy evaluation decides in a second, with the policies of the deployed application and the requests of one run.

import { startPopulatedAccount } from "../cli/local/local-account.ts";
import { repositoryRoot } from "../cli/local/repository.ts";
import { synthesise } from "../cli/local/synthesis.ts";
import config from "../keyturn.config.ts";
import { evaluate } from "../policy/evaluate.ts";
import { figure, type Measurement } from "./measurement.ts";
import { requestsOfARun } from "./requests-of-a-run.ts";
import { sampleOf, timed } from "./sampling.ts";

const samples = 15;
const roundsPerSample = 5000;

export const policyDecisions: Measurement = {
  name: "policy-decisions",
  measures: "decisions on the application's own policies, as the gateway asks for them in a run",
  async measure(progress) {
    const { assembly } = await synthesise(repositoryRoot);
    const local = await startPopulatedAccount(config, { port: 0, assembly });
    try {
      const requests = await requestsOfARun(local);
      for (const { request, isAllowed } of requests) {
        if (evaluate(request).allowed !== isAllowed)
          throw new Error(`${request.action} is not decided as in a run: its policies have changed`);
      }
      progress(`${requests.length} requests, ${requests.filter(({ isAllowed }) => !isAllowed).length} of them refused`);
      const rates: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const ms = await timed(() => {
          for (let round = 0; round < roundsPerSample; round++) for (const { request } of requests) evaluate(request);
        });
        rates.push((roundsPerSample * requests.length * 1000) / ms);
      }
      return [figure("decisions", sampleOf(rates), "per second", { atLeast: 100_000 })];
    } finally {
      await local.emulator.stop();
    }
  },
};
