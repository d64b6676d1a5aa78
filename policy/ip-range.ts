// Address ranges for IpAddress conditions: IPv4 and IPv6 in CIDR form, compared as numbers.

import { isIPv4, isIPv6 } from "node:net";

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

const ipv4Value = (text: string): bigint => text.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);

const ipv6Value = (text: string): bigint => {
  // An embedded IPv4 tail counts as two groups.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tailValue = tail?.[2] === undefined ? 0n : ipv4Value(tail[2]);
  const hex = tail === null ? text : `${tail[1]}${(tailValue >> 16n).toString(16)}:${(tailValue & 0xffffn).toString(16)}`;
  const [head = "", rest] = hex.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = rest === undefined ? [] : groups(rest);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
};

const parseAddress = (text: string): Address | undefined => {
  if (isIPv4(text)) return { bits: 32, value: ipv4Value(text) };
  return isIPv6(text) && !text.includes("%") ? { bits: 128, value: ipv6Value(text) } : undefined;
};

/**
 * `203.0.113.0/24`, `2001:DB8::/32`, or one address. Bits beyond the prefix are ignored.
 *
 * @returns undefined where `range` is no address range
 */
export const compileIpRange = (range: string): ((address: string) => boolean) | undefined => {
  const [addressText = "", prefixText, ...more] = range.split("/");
  const network = parseAddress(addressText);
  if (network === undefined || more.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText))) return undefined;
  const prefix = prefixText === undefined ? network.bits : Number(prefixText);
  if (prefix > network.bits) return undefined;
  const shift = BigInt(network.bits - prefix);
  const expected = network.value >> shift;
  return (text) => {
    const address = parseAddress(text);
    return address?.bits === network.bits && address.value >> shift === expected;
  };
};
