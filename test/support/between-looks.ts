// Between two looks at what happens in other processes. Looking without a pause takes the processor from what is waited for.

import { setTimeout as sleep } from "node:timers/promises";

const betweenLooksMs = 40;

/** @param watchers - how many look at once; looking must not be what they wait for */
export const betweenLooks = (watchers = 1): Promise<void> => sleep(betweenLooksMs * watchers);
