// Starts a run that an event asks for: what the job declared, with the parameters that the event gives, and no more runs an hour than declared.

import { KeyturnError } from "../../core/errors.ts";
import { eventRunName } from "../../core/run-names.ts";

export interface EventRequest {
  readonly job: string;
  /** The event's name in the job's declaration. */
  readonly name: string;
  readonly admin: string;
  readonly reason: string;
  readonly perHour: number;
  /** Of each parameter, where in the event its value stands: `$.detail.object.key`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** When EventBridge took the event: nobody who puts events can choose it. */
  readonly ingestedAtMs: number;
  /** Foreign: whatever somebody put. */
  readonly event: unknown;
}

export interface EventDependencies {
  /** Starts a run, unless one of that name was started with another input or has ended. */
  readonly start: (run: string, input: object) => Promise<"started" | "exists">;
}

/** Starts at most one run; throws `TooManyEventRuns`. AdmitRun judges what the event gave, as it judges every input. */
export async function startEventRun(request: EventRequest, { start }: EventDependencies): Promise<{ readonly run: string }> {
  const { job, name, admin, reason, perHour } = request;
  const parameters = Object.fromEntries(
    Object.entries(request.parameters).flatMap(([parameter, path]) => {
      const value = valueAt(path, request.event);
      return value === undefined ? [] : [[parameter, value] as const];
    }),
  );
  const input = { job, admin, reason, ...(Object.keys(parameters).length === 0 ? {} : { parameters }) };
  // Step Functions gives a name once, so that these names are all there can be, however many events come at once.
  for (let nth = 1; nth <= perHour; nth += 1) {
    const run = eventRunName({ job, event: name, atMs: request.ingestedAtMs, nth });
    if ((await start(run, input)) === "started") return { run };
  }
  throw new KeyturnError(
    "TooManyEventRuns",
    `Event ${name} of ${job} has asked for ${perHour === 1 ? "its one run" : `its ${perHour} runs`} of this hour; this one starts nothing. Start what is missing by hand, or raise perHour in jobs/${job}/job.ts.`,
    { facts: { job, event: name, perHour } },
  );
}

/** What stands at a path of plain members, `$.a.b`. */
function valueAt(path: string, event: unknown): unknown {
  return path
    .split(".")
    .slice(1)
    .reduce<unknown>(
      (value, member) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, member)
          ? (value as Readonly<Record<string, unknown>>)[member]
          : undefined,
      event,
    );
}
