import { describe, expect, it } from "vitest";
import { encryptionContext, formatEnvelope, open, parseEnvelope, rewrap, seal } from "../../core/envelope.ts";

const bytes = (first: number, count: number): Uint8Array => Uint8Array.from({ length: count }, (_, index) => first + index);

const binding = { run: "weekly-2026-11-21", digest: "ab".repeat(32) };
const dataKey = bytes(0, 32);
const plaintext = Buffer.from("one sealed sentence");
// Computed once with OpenSSL's libcrypto (EVP_aes_256_gcm): key 00…1f, nonce 64…6f, additional data "kt1\n<run>\n<digest>".
const text = "kt1.AQIDBAU.ZGVmZ2hpamtsbW5v.J3W7RgqMN_JbBn-bvwsemCyhYw5Ybw9uXhVPeU8oQ8FWv9k";

const sealed = () => seal(plaintext, { dataKey, wrappedKey: bytes(1, 5), nonce: bytes(100, 12), binding });

const flipped = (part: Uint8Array, index: number): Uint8Array => part.with(index, (part[index] ?? 0) ^ 1);

describe("an envelope", () => {
  it("is sealed as OpenSSL seals it", () => {
    expect(formatEnvelope(sealed())).toBe(text);
  });

  it("opens with its key and binding, and survives the wire", () => {
    expect(Buffer.from(open(parseEnvelope(text), { dataKey, binding })).toString()).toBe("one sealed sentence");
  });

  it("opens with the same binding after its data key was wrapped anew", () => {
    const moved = rewrap(parseEnvelope(text), bytes(9, 7));
    expect(moved.wrappedKey).toEqual(bytes(9, 7));
    expect(open(parseEnvelope(formatEnvelope(moved)), { dataKey, binding })).toEqual(plaintext);
  });

  it.each<[string, Parameters<typeof open>]>([
    ["another run", [parseEnvelope(text), { dataKey, binding: { ...binding, run: "weekly-2026-11-22" } }]],
    ["another order", [parseEnvelope(text), { dataKey, binding: { ...binding, digest: "cd".repeat(32) } }]],
    // Without the separator these would be one text.
    [
      "a run that borrows from the digest",
      [parseEnvelope(text), { dataKey, binding: { run: `${binding.run}\n`, digest: binding.digest } }],
    ],
    ["another data key", [parseEnvelope(text), { dataKey: flipped(dataKey, 31), binding }]],
    ["a data key of 16 bytes", [parseEnvelope(text), { dataKey: dataKey.subarray(0, 16), binding }]],
    [
      "a changed nonce",
      [
        { ...sealed(), nonce: flipped(sealed().nonce, 0) },
        { dataKey, binding },
      ],
    ],
    [
      "a changed first byte",
      [
        { ...sealed(), ciphertext: flipped(sealed().ciphertext, 0) },
        { dataKey, binding },
      ],
    ],
    [
      "a changed tag",
      [
        { ...sealed(), ciphertext: flipped(sealed().ciphertext, sealed().ciphertext.length - 1) },
        { dataKey, binding },
      ],
    ],
    [
      "a shortened tag",
      [
        { ...sealed(), ciphertext: sealed().ciphertext.subarray(0, -1) },
        { dataKey, binding },
      ],
    ],
    [
      "only a tag's length of bytes less one",
      [
        { ...sealed(), ciphertext: bytes(0, 15) },
        { dataKey, binding },
      ],
    ],
  ])("does not open with %s", (_what, arguments_) => {
    expect(() => open(...arguments_)).toThrow(expect.objectContaining({ name: "EnvelopeUnopenable" }));
  });

  it.each([
    ["nothing", ""],
    ["another version", text.replace("kt1", "kt2")],
    ["a part too few", text.slice(0, text.lastIndexOf("."))],
    ["a part too many", `${text}.AA`],
    ["no wrapped key", text.replace("AQIDBAU", "")],
    ["a short nonce", text.replace("ZGVmZ2hpamtsbW5v", "ZGVm")],
    ["a ciphertext that is only a tag", `kt1.AQIDBAU.ZGVmZ2hpamtsbW5v.${Buffer.alloc(16).toString("base64url")}`],
  ])("is not parsed from %s", (_what, broken) => {
    expect(() => parseEnvelope(broken)).toThrow(
      expect.objectContaining({
        name: "EnvelopeUnopenable",
        message: "Not a sealed envelope: expected kt1.<wrapped key>.<nonce>.<ciphertext>.",
      }),
    );
  });

  it("refuses a nonce of another length", () => {
    expect(() => seal(plaintext, { dataKey, wrappedKey: bytes(1, 5), nonce: bytes(0, 16), binding })).toThrow(RangeError);
  });
});

describe("the encryption contexts", () => {
  it("name their hop and what they are bound to, and nothing else", () => {
    const of = { run: "r", admin: "alice", job: "credential-report", digest: "d" };
    expect(encryptionContext.code(of)).toEqual({ hop: "code", run: "r", admin: "alice" });
    expect(encryptionContext.mfaSession(of)).toEqual({ hop: "mfa-session", run: "r", order: "d" });
    expect(encryptionContext.jobCredentials({ ...of, until: "t" })).toEqual({ hop: "job-credentials", run: "r", order: "d", until: "t" });
    expect(encryptionContext.launch(of)).toEqual({ hop: "launch", run: "r", job: "credential-report", order: "d" });
  });
});
