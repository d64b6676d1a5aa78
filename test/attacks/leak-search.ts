// Looks for secrets in a text in every form in which they could hide: plain, base 64 wherever it begins, hex, URL-encoded, JSON-escaped.

const base64Middles = (bytes: Buffer): readonly string[] => {
  // Base 64 of a text inside another text begins at any of three places; the middle of each is the same wherever it stands. Of a code there is
  // no middle left to look for.
  if (bytes.length < 12) return [];
  return [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
};

/** Every way to write the secret, once each. */
export function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "utf8");
  const base64 = base64Middles(bytes);
  const hex = bytes.toString("hex");
  const escaped = JSON.stringify(secret).slice(1, -1);
  const encoded = encodeURIComponent(secret);
  return [
    ...new Set([
      secret,
      escaped,
      secret.replaceAll("/", "\\/"),
      ...base64,
      ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
      ...base64.map(encodeURIComponent),
      hex,
      hex.toUpperCase(),
      encoded,
      encoded.replaceAll(/%[0-9A-F]{2}/g, (part) => part.toLowerCase()),
    ]),
  ];
}

/** What is looked for: the name tells a failed test what leaked, without the test printing it. */
export type Needles = ReadonlyMap<string, string>;

/** As long as the shortest form of any secret here at least; texts of megabytes are passed over once, whatever the number of needles. */
const beginningLength = 8;

/** Names of the needles that the text holds. */
export function found(text: string, needles: Needles): readonly string[] {
  const byBeginning = new Map<string, { readonly name: string; readonly form: string }[]>();
  for (const [name, secret] of needles) {
    for (const form of forms(secret)) {
      if (form.length < beginningLength) throw new Error(`${name} is too short to be looked for`);
      const beginning = form.slice(0, beginningLength);
      const entries = byBeginning.get(beginning);
      if (entries === undefined) byBeginning.set(beginning, [{ name, form }]);
      else entries.push({ name, form });
    }
  }
  const mayBegin = new Uint8Array(65_536);
  for (const beginning of byBeginning.keys()) mayBegin[hashAt(beginning, 0)] = 1;
  const names = new Set<string>();
  for (let at = 0; at + beginningLength <= text.length; at++) {
    if (mayBegin[hashAt(text, at)] === 0) continue;
    const entries = byBeginning.get(text.slice(at, at + beginningLength)) ?? [];
    for (const { name, form } of entries) if (text.startsWith(form, at)) names.add(name);
  }
  return [...names];
}

/** A number for four characters, so that most places are ruled out without a string being made. */
const hashAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) << 11) ^ (text.charCodeAt(at + 1) << 7) ^ (text.charCodeAt(at + 2) << 3) ^ text.charCodeAt(at + 3)) & 0xffff;

/** Six digits turn up by chance in numbers and ids; a code that stands for itself does not. */
export const foundCodes = (text: string, codes: readonly string[]): readonly string[] =>
  codes.filter((code) => new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`, "i").test(text));
