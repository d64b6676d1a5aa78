// What Fargate charges for a job: list prices, good for an estimate and an upper bound.

/** US dollars per hour, on demand, us-east-1, Linux on x86 (https://aws.amazon.com/fargate/pricing/). Spot costs less. */
const perHour = { vcpu: 0.04048, gibibyte: 0.004445 } as const;

export interface JobSize {
  readonly vcpu: number;
  readonly memoryMiB: number;
}

export const fargateUsd = ({ vcpu, memoryMiB }: JobSize, seconds: number): number =>
  ((vcpu * perHour.vcpu + (memoryMiB / 1024) * perHour.gibibyte) * seconds) / 3600;

/** `about $0.0062`, `less than $0.0001`. */
export const roughly = (usd: number): string => (usd < 0.0001 ? "less than $0.0001" : `about $${Number(usd.toFixed(4))}`);
