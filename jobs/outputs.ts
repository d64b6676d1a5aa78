// How a job tells the CLI what it found and wrote: the last lines of its log.

export interface JobOutput {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

/** One JSON line, `{"keyturn":"outputs","outputs":[{bucket,key,bytes}]}`. */
export const outputsLine = (outputs: readonly JobOutput[]): string => JSON.stringify({ keyturn: "outputs", outputs });

/** A result to read at a glance; whoever may read the job's log may read it. */
export interface JobTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Rows left out here. */
  readonly more: number;
}

const mostRows = 50;

/** One JSON line, `{"keyturn":"table","columns":[…],"rows":[[…]],"more":0}`; at most 50 rows. */
export const tableLine = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  JSON.stringify({ keyturn: "table", columns, rows: rows.slice(0, mostRows), more: Math.max(0, rows.length - mostRows) });
