// Outlives a killed emulator by one moment: its input ends with the emulator, and it then kills the process groups that are left.

import { createInterface } from "node:readline";

const alive = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) alive.add(pid);
  else alive.delete(pid);
}

for (const pid of alive) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
