// IPv4 arithmetic on CIDR blocks: which addresses a subnet has to give, and which a rule covers.

export interface Block {
  readonly start: number;
  readonly size: number;
}

export function parseBlock(cidr: string): Block {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr);
  const prefix = Number(match?.[2]);
  if (match?.[1] === undefined || prefix > 32) throw new RangeError(`${cidr} is not an IPv4 CIDR block`);
  const size = 2 ** (32 - prefix);
  return { start: Math.floor(numberOf(match[1]) / size) * size, size };
}

export const blockContains = (cidr: string, ip: string): boolean => {
  const { start, size } = parseBlock(cidr);
  const address = numberOf(ip);
  return address >= start && address < start + size;
};

/** Lowest free address; AWS keeps the first four and the last of every subnet for itself. */
export function freeAddress(cidr: string, taken: ReadonlySet<string>): string | undefined {
  const { start, size } = parseBlock(cidr);
  for (let offset = 4; offset < size - 1; offset++) {
    const ip = textOf(start + offset);
    if (!taken.has(ip)) return ip;
  }
  return undefined;
}

const numberOf = (ip: string): number => ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);

const textOf = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
