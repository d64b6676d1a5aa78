// Fn::Cidr: consecutive IPv4 blocks within a block.

import { TemplateFault } from "./template-fault.ts";

/**
 * `count` blocks of `hostBits` bits each from the start of `block` (`10.0.0.0/16`, 3 and 8 → `10.0.0.0/24`, `10.0.1.0/24`, `10.0.2.0/24`).
 */
export function cidrBlocks(block: string, { count, hostBits }: { count: number; hostBits: number }): readonly string[] {
  const parsed = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(block)?.slice(1).map(Number);
  if (parsed === undefined) throw new TemplateFault(`Fn::Cidr takes an IPv4 block, not ${block}`);
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = parsed;
  if (![a, b, c, d].every((octet) => octet <= 255) || prefix > 32) throw new TemplateFault(`Fn::Cidr takes an IPv4 block, not ${block}`);
  const size = 2 ** hostBits;
  if (!(count >= 1 && count <= 256) || count * size > 2 ** (32 - prefix)) {
    throw new TemplateFault(`Fn::Cidr: ${count} blocks of ${hostBits} bits do not fit into ${block}`);
  }
  const wholeSize = 2 ** (32 - prefix);
  const start = Math.floor((a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / wholeSize) * wholeSize;
  return Array.from({ length: count }, (_, index) => {
    const address = start + index * size;
    const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
    return `${octets.join(".")}/${32 - hostBits}`;
  });
}
