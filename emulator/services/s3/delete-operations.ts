// Deleting objects: a marker where versions are kept, the end of a version where one is named and no lock holds it.

import type {
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
} from "@aws-sdk/client-s3";
import { AwsError, required } from "../../aws-error.ts";
import type { Operation, Permission } from "../../service.ts";
import { bucketPermission } from "./bucket-permission.ts";
import { type Bucket, type Buckets, findVersion } from "./buckets.ts";
import { assertErasable } from "./object-lock.ts";

interface Removal {
  readonly key: string;
  readonly versionId?: string | undefined;
  /** Asked to lift locks under governance. */
  readonly bypass: boolean;
}

export function deleteOperations(buckets: Buckets): Record<string, Operation> {
  function remove(bucket: Bucket, { key, versionId, bypass }: Removal): Partial<DeleteObjectCommandOutput> {
    if (versionId !== undefined) {
      const version = findVersion(bucket, key, versionId);
      if (version !== undefined) assertErasable(version, { nowMs: buckets.nowMs, bypass });
      buckets.erase(bucket, { key, versionId });
      return { VersionId: versionId, ...(version !== undefined && version.content === undefined ? { DeleteMarker: true } : {}) };
    }
    if (bucket.versioning === undefined) {
      buckets.erase(bucket, { key, versionId: "null" });
      return {};
    }
    return { DeleteMarker: true, VersionId: buckets.write(bucket, { key }).versionId };
  }

  function permissionsFor(bucket: Bucket, { key, versionId, bypass }: Removal): readonly Permission[] {
    const of = { bucket, key, context: { "s3:VersionId": versionId } };
    return [
      bucketPermission(versionId === undefined ? "DeleteObject" : "DeleteObjectVersion", of),
      ...(bypass ? [bucketPermission("BypassGovernanceRetention", of)] : []),
    ];
  }

  const removalOf = (input: DeleteObjectCommandInput): Removal => ({
    key: required(input.Key, "key"),
    versionId: input.VersionId,
    bypass: input.BypassGovernanceRetention ?? false,
  });

  const removalsOf = (input: DeleteObjectsCommandInput): readonly Removal[] =>
    (input.Delete?.Objects ?? []).map(({ Key, VersionId }) => ({
      key: required(Key, "key"),
      versionId: VersionId,
      bypass: input.BypassGovernanceRetention ?? false,
    }));

  const deleteObject: Operation<DeleteObjectCommandInput, Partial<DeleteObjectCommandOutput>> = {
    permissions: (input) => permissionsFor(buckets.get(input.Bucket), removalOf(input)),
    run: (input) => remove(buckets.get(input.Bucket), removalOf(input)),
  };

  const deleteObjects: Operation<DeleteObjectsCommandInput, Partial<DeleteObjectsCommandOutput>> = {
    // AWS decides object by object and answers 200 with the refused ones; here one refused object refuses the call, and nothing is deleted.
    permissions: (input) => removalsOf(input).flatMap((removal) => permissionsFor(buckets.get(input.Bucket), removal)),
    run(input) {
      const bucket = buckets.get(input.Bucket);
      const deleted: NonNullable<DeleteObjectsCommandOutput["Deleted"]> = [];
      const errors: NonNullable<DeleteObjectsCommandOutput["Errors"]> = [];
      for (const removal of removalsOf(input)) {
        const named = { Key: removal.key, ...(removal.versionId === undefined ? {} : { VersionId: removal.versionId }) };
        try {
          const { DeleteMarker, VersionId } = remove(bucket, removal);
          deleted.push({ ...named, ...(DeleteMarker ? { DeleteMarker, DeleteMarkerVersionId: VersionId } : {}) });
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          errors.push({ ...named, Code: error.code, Message: error.message });
        }
      }
      return { ...(input.Delete?.Quiet ? {} : { Deleted: deleted }), ...(errors.length > 0 && { Errors: errors }) };
    },
  };

  return { DeleteObject: deleteObject, DeleteObjects: deleteObjects };
}
