// Imported before any library, so that none of them finds a variable that a submission has set.

import { takeEnvironment } from "./surroundings.ts";

/** The container's environment; this process has none of it any more. */
export const containerEnvironment = takeEnvironment(process.env);
