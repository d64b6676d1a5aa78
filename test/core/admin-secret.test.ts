import { describe, expect, it } from "vitest";
import { type LabelledVersion, readLabels, type SecretLabels } from "../../core/admin-secret.ts";

const version = (id: string, ...labels: readonly string[]): LabelledVersion => ({ id, labels });

describe("what the labels of an admin's secret say", () => {
  it.each<[string, readonly LabelledVersion[], SecretLabels]>([
    ["no version: nothing was written", [], { secret: { kind: "unwritten" }, staleLabels: [] }],
    [
      "a key in force",
      [version("v1", "AWSCURRENT", "key-ONE")],
      { secret: { kind: "key", accessKeyId: "ONE", versionId: "v1" }, staleLabels: [] },
    ],
    ["a removal", [version("v1", "AWSCURRENT", "removed")], { secret: { kind: "removed", versionId: "v1" }, staleLabels: [] }],
    [
      "no label of ours: somebody else wrote it",
      [{ ...version("v1", "AWSCURRENT"), createdAtMs: 7 }],
      { secret: { kind: "unlabelled", versionId: "v1", writtenAtMs: 7 }, staleLabels: [] },
    ],
    [
      "a rotation that has begun, of a secret that holds nothing yet",
      [version("v1", "AWSPENDING")],
      { secret: { kind: "unwritten" }, pending: { versionId: "v1", wasInForce: false }, staleLabels: [] },
    ],
    [
      "a rotation that has stored its key",
      [version("v1", "AWSCURRENT", "key-ONE"), version("v2", "AWSPENDING", "key-TWO")],
      {
        secret: { kind: "key", accessKeyId: "ONE", versionId: "v1" },
        pending: { versionId: "v2", accessKeyId: "TWO", wasInForce: false },
        staleLabels: [],
      },
    ],
    [
      "a rotation that has put it in force: the version before keeps its label until it is taken off",
      [version("v1", "AWSPREVIOUS", "key-ONE"), version("v2", "AWSCURRENT", "AWSPENDING", "key-TWO")],
      { secret: { kind: "key", accessKeyId: "TWO", versionId: "v2" }, staleLabels: [{ label: "key-ONE", versionId: "v1" }] },
    ],
    [
      "a rotation that was over when somebody wrote another key",
      [version("v2", "AWSPREVIOUS", "AWSPENDING", "key-TWO"), version("v3", "AWSCURRENT", "key-THREE")],
      {
        secret: { kind: "key", accessKeyId: "THREE", versionId: "v3" },
        pending: { versionId: "v2", accessKeyId: "TWO", wasInForce: true },
        staleLabels: [],
      },
    ],
  ])("%s", (_what, versions, expected) => {
    expect(readLabels(versions)).toEqual(expected);
  });
});
