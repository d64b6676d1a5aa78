// Proves a new access key: IAM spreads it over STS's hosts within seconds, and more than one of them must have it.

/** A call a second, until so many in a row know the key. */
export const keyProof = { pauseMs: 1000, inARow: 3, tries: 60 } as const;

export type KeyProof = { readonly proved: true } | { readonly proved: false; readonly because: "unknown" | { readonly signsAs: string } };

/**
 * @param of.identify - the ARN as which STS knows the key; undefined where it does not know it (yet)
 */
export async function proveKey(of: {
  admin: string;
  identify: () => Promise<string | undefined>;
  pause: () => Promise<unknown>;
}): Promise<KeyProof> {
  for (let tried = 0, known = 0; tried < keyProof.tries; tried += 1) {
    if (tried > 0) await of.pause();
    const arn = await of.identify();
    known = arn === undefined ? 0 : known + 1;
    if (arn !== undefined && !arn.endsWith(`/${of.admin}`)) return { proved: false, because: { signsAs: arn } };
    if (known === keyProof.inARow) return { proved: true };
  }
  return { proved: false, because: "unknown" };
}
