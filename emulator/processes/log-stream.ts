// What a process prints reaches CloudWatch Logs as it does on AWS: under a role, which may or may not be allowed to write there.

import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type InputLogEvent,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";

/** Limits of one PutLogEvents call; every event counts 26 bytes beside its text. */
const mostEvents = 10_000;
const mostBytes = 1_048_576;
const eventOverheadBytes = 26;

export interface LogDestination {
  /** Signs with the session of the role that writes; asked again for every call, as sessions end. */
  readonly client: () => CloudWatchLogsClient | Promise<CloudWatchLogsClient>;
  readonly group: string;
  readonly stream: string;
  /** Whether the writer tries to create a log group that does not exist. */
  readonly createsGroup: boolean;
  /** Told once per refused write; the events of that write are lost, as on AWS. */
  readonly onLost?: (error: Error, events: number) => void;
}

/** How long the first line waits for others, in real milliseconds: a process that prints ten lines, or answers ten events, costs one call. */
const lingerMs = 25;

/** Writes events in order, one call at a time; whatever is written meanwhile travels in the next call. */
export class LogStream {
  readonly #destination: LogDestination;
  #pending: InputLogEvent[] = [];
  #isCreated = false;
  #writing: Promise<void> | undefined;
  #endLinger: (() => void) | undefined;

  constructor(destination: LogDestination) {
    this.#destination = destination;
  }

  write(timestamp: number, message: string): void {
    this.#pending.push({ timestamp, message });
    this.#writing ??= this.#drain();
  }

  /** Settles when everything written so far has been delivered or lost. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) {
      this.#endLinger?.();
      await this.#writing;
    }
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      this.#endLinger = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endLinger = undefined;
    while (this.#pending.length > 0) {
      const events = takeBatch(this.#pending);
      try {
        await this.#put(events);
      } catch (error) {
        this.#destination.onLost?.(error as Error, events.length);
      }
    }
    this.#writing = undefined;
  }

  async #put(logEvents: InputLogEvent[]): Promise<void> {
    const { group: logGroupName, stream: logStreamName } = this.#destination;
    const client = await this.#destination.client();
    if (!this.#isCreated) {
      await this.#create(client);
      this.#isCreated = true;
    }
    await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  }

  async #create(client: CloudWatchLogsClient): Promise<void> {
    const { group: logGroupName, stream: logStreamName, createsGroup } = this.#destination;
    const createStream = () =>
      client.send(new CreateLogStreamCommand({ logGroupName, logStreamName })).catch(unless("ResourceAlreadyExistsException"));
    try {
      await createStream();
    } catch (error) {
      if (!createsGroup || (error as Error).name !== "ResourceNotFoundException") throw error;
      await client.send(new CreateLogGroupCommand({ logGroupName })).catch(unless("ResourceAlreadyExistsException"));
      await createStream();
    }
  }
}

const unless = (name: string) => (error: Error) => {
  if (error.name !== name) throw error;
};

function takeBatch(pending: InputLogEvent[]): InputLogEvent[] {
  let bytes = 0;
  let count = 0;
  for (const { message = "" } of pending) {
    bytes += Buffer.byteLength(message) + eventOverheadBytes;
    if (count > 0 && (bytes > mostBytes || count === mostEvents)) break;
    count += 1;
  }
  return pending.splice(0, count);
}
