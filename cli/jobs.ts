// `keyturn jobs`: what can be started.

import { catalogue } from "../jobs/catalogue.ts";
import { command } from "./command.ts";
import { table, wrap } from "./terminal.ts";

export const jobs = command({
  meta: { name: "jobs", description: "List the jobs that can be started." },
  args: { json: { type: "boolean", description: "Print one JSON document." } },
  examples: ["keyturn jobs", "keyturn jobs --json"],
  run: ({ args }) => {
    if (args.json) {
      console.log(
        JSON.stringify(
          catalogue.map(({ name, description, admins, schedule }) => ({ name, description, admins, ...(schedule && { schedule }) })),
        ),
      );
      return;
    }
    for (const { name, description, admins, schedule } of catalogue) {
      console.log(`${name}\n  ${wrap(description, { indent: 2 })}`);
      const rows = [["admins", admins.join(", ")]];
      if (schedule !== undefined) rows.push(["schedule", `${schedule.expression} ${schedule.timeZone ?? "UTC"}, as ${schedule.admin}`]);
      console.log(`${table(rows)}\n`);
    }
    console.log("What a run would use: keyturn plan JOB");
  },
});
