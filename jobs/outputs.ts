// How a job tells the CLI what it wrote: the last line of its log.

export interface JobOutput {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

/** One JSON line, `{"keyturn":"outputs","outputs":[{bucket,key,bytes}]}`. */
export const outputsLine = (outputs: readonly JobOutput[]): string => JSON.stringify({ keyturn: "outputs", outputs });
