// What an admin's secret holds, as its staging labels tell it to those who write it and cannot read it (docs/decisions/0040, 0053).

import { adminSecretLabel } from "./naming.ts";

/** A version of the secret that has labels. */
export interface LabelledVersion {
  readonly id: string;
  readonly labels: readonly string[];
  /** Not every caller may ask. */
  readonly createdAtMs?: number;
}

/** What the version in force holds, by its label. */
export type SecretContent =
  | { readonly kind: "no-secret" | "being-deleted" | "unwritten" }
  | { readonly kind: "key"; readonly accessKeyId: string; readonly versionId: string }
  | { readonly kind: "removed"; readonly versionId: string }
  /** Somebody wrote it who gave it no label. */
  | { readonly kind: "unlabelled"; readonly versionId: string; readonly writtenAtMs?: number };

/** The version that a rotation by Secrets Manager has begun and not put in force. */
export interface PendingVersion {
  readonly versionId: string;
  /** Absent where nothing was stored yet: Secrets Manager makes the version, without a value, before it asks for one. */
  readonly accessKeyId?: string;
  /** It was in force, so the rotation had its end, and something else was written after it. */
  readonly wasInForce: boolean;
}

export interface SecretLabels {
  readonly secret: SecretContent;
  readonly pending?: PendingVersion;
  /** Key labels that stayed with versions which are neither in force nor pending. */
  readonly staleLabels: readonly { readonly label: string; readonly versionId: string }[];
}

/** AWS's own labels. */
export const stage = { current: "AWSCURRENT", pending: "AWSPENDING", previous: "AWSPREVIOUS" } as const;

/** Reads the labels of a secret that exists and is not being deleted. */
export function readLabels(versions: readonly LabelledVersion[]): SecretLabels {
  const current = versions.find(({ labels }) => labels.includes(stage.current));
  const begun = versions.find((version) => version !== current && version.labels.includes(stage.pending));
  const staleLabels = versions
    .filter((version) => version !== current && version !== begun)
    .flatMap(({ id: versionId, labels }) => labels.filter((label) => keyOf(label) !== undefined).map((label) => ({ label, versionId })));
  return {
    secret: current === undefined ? { kind: "unwritten" } : contentOf(current),
    ...(begun === undefined ? {} : { pending: pendingOf(begun) }),
    staleLabels,
  };
}

function contentOf({ id: versionId, labels, createdAtMs }: LabelledVersion): SecretContent {
  const [accessKeyId] = keysOf(labels);
  if (accessKeyId !== undefined) return { kind: "key", accessKeyId, versionId };
  if (labels.includes(adminSecretLabel.removed)) return { kind: "removed", versionId };
  return { kind: "unlabelled", versionId, ...(createdAtMs === undefined ? {} : { writtenAtMs: createdAtMs }) };
}

function pendingOf({ id: versionId, labels }: LabelledVersion): PendingVersion {
  const [accessKeyId] = keysOf(labels);
  return { versionId, ...(accessKeyId === undefined ? {} : { accessKeyId }), wasInForce: labels.includes(stage.previous) };
}

const keysOf = (labels: readonly string[]): readonly string[] => labels.flatMap((label) => keyOf(label) ?? []);

function keyOf(label: string): string | undefined {
  const prefix = adminSecretLabel.key("");
  return label.startsWith(prefix) ? label.slice(prefix.length) : undefined;
}
