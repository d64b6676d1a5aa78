// Lets a test make calls fail as AWS's sometimes do. There are none until one is added, and only code inside this process can add one.

import type { AwsError } from "./aws-error.ts";
import type { Caller } from "./service.ts";

export interface Fault {
  /** The service as call records name it (`sts`, `secretsmanager`, `dynamodb`, …). */
  readonly service: string;
  readonly operation: string;
  /** Name of the role whose calls fail; anybody's where neither role nor user is named. */
  readonly callerRole?: string;
  readonly callerUser?: string;
  /** How many calls are answered before the first one fails; none where left out. */
  readonly after?: number;
  /** How many calls fail before the service answers again. */
  readonly times: number;
  /** Services of which every later call of the caller fails too, until the fault is lifted: as if its process had died of the first. */
  readonly thenAll?: readonly string[];
  /** What the caller gets instead of an answer. */
  readonly error: AwsError;
}

export interface AddedFault {
  /** How often it has struck, so that a test can see that it did. */
  readonly struck: number;
  /** The service answers again. */
  lift(): void;
}

interface FaultyCall {
  readonly service: string;
  readonly operation: string;
  readonly caller: Caller;
}

export class Faults {
  readonly #active: Active[] = [];

  /** Faults that match the same call strike one after the other, in the order in which they were added. */
  add(fault: Fault): AddedFault {
    const added = { fault, answered: 0, struck: 0 };
    this.#active.push(added);
    return {
      get struck() {
        return added.struck;
      },
      lift: () => this.#remove(added),
    };
  }

  /** The error that this call ends with, if it is to fail; it counts. */
  strike(call: FaultyCall): AwsError | undefined {
    const striking = this.#active.find((active) => strikes(active, call));
    if (striking === undefined) return undefined;
    striking.struck += 1;
    if (striking.struck >= striking.fault.times && striking.fault.thenAll === undefined) this.#remove(striking);
    return striking.fault.error;
  }

  #remove(active: Active): void {
    const index = this.#active.indexOf(active);
    if (index !== -1) this.#active.splice(index, 1);
  }
}

interface Active {
  readonly fault: Fault;
  /** Matching calls so far that were not to fail yet. */
  answered: number;
  struck: number;
}

function strikes(active: Active, call: FaultyCall): boolean {
  const { fault, struck } = active;
  if (!isOfCaller(fault, call)) return false;
  if (struck > 0 && fault.thenAll?.includes(call.service)) return true;
  if (fault.service !== call.service || fault.operation !== call.operation || struck >= fault.times) return false;
  if (active.answered >= (fault.after ?? 0)) return true;
  active.answered += 1;
  return false;
}

const isOfCaller = ({ callerRole, callerUser }: Fault, call: FaultyCall): boolean =>
  (callerRole === undefined || callerRole === call.caller.roleArn?.split("/").at(-1)) &&
  (callerUser === undefined || callerUser === call.caller.userName);
