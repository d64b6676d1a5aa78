// A job's log, attempt by attempt: all of it, or what has come since the last look.

import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { jobLogGroup } from "../../core/naming.ts";

/** Reads one stream from its beginning; each call gives what has come since the one before. */
export class LogStreamReader {
  readonly #logs: CloudWatchLogsClient;
  readonly #of: { readonly job: string; readonly stream: string };
  #token: string | undefined;

  constructor(logs: CloudWatchLogsClient, of: { job: string; stream: string }) {
    this.#logs = logs;
    this.#of = of;
  }

  async more(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const page = await this.#page();
      if (page === undefined) return lines;
      lines.push(...page.lines);
      // The end gives back the token that it was asked with (GetLogEvents, API Reference).
      if (page.token === this.#token) return lines;
      this.#token = page.token;
    }
  }

  async #page(): Promise<{ lines: readonly string[]; token: string | undefined } | undefined> {
    try {
      const { events = [], nextForwardToken } = await this.#logs.send(
        new GetLogEventsCommand({
          logGroupName: jobLogGroup(this.#of.job),
          logStreamName: this.#of.stream,
          ...(this.#token === undefined ? { startFromHead: true } : { nextToken: this.#token, startFromHead: true }),
        }),
      );
      return { lines: events.map(({ message = "" }) => message.trimEnd()), token: nextForwardToken };
    } catch (error) {
      // The stream comes with the container's first line.
      if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }
}
