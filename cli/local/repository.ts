// Where Keyturn's own files lie, wherever `keyturn` was started from.

import { join } from "node:path";

export const repositoryRoot = join(import.meta.dirname, "..", "..");
