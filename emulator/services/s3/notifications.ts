// What a bucket tells EventBridge of its objects, and how it is told to.
// Source: "Using EventBridge" and "EventBridge event message structure", S3 User Guide.

import type {
  CopyObjectCommandInput,
  CopyObjectCommandOutput,
  DeleteObjectCommandInput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  GetBucketNotificationConfigurationCommandInput,
  GetBucketNotificationConfigurationCommandOutput,
  PutBucketNotificationConfigurationCommandInput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { notImplemented, required } from "../../aws-error.ts";
import type { Call, Operation } from "../../service.ts";
import type { ServiceEvent } from "../events/event.ts";
import { bucketPermission } from "./bucket-permission.ts";
import { type Bucket, type Buckets, findVersion, type ObjectVersion } from "./buckets.ts";

type Publish = (event: ServiceEvent) => void;
type Run = (input: never, call: Call) => object | Promise<object>;

interface Named {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

export function notificationOperations(buckets: Buckets): Record<string, Operation> {
  const getConfiguration: Operation<
    GetBucketNotificationConfigurationCommandInput,
    Partial<GetBucketNotificationConfigurationCommandOutput>
  > = {
    permissions: ({ Bucket }) => [bucketPermission("GetBucketNotification", { bucket: buckets.get(Bucket) })],
    run: ({ Bucket }) => (buckets.get(Bucket).tellsEventBridge ? { EventBridgeConfiguration: {} } : {}),
  };
  const putConfiguration: Operation<PutBucketNotificationConfigurationCommandInput> = {
    permissions: ({ Bucket }) => [bucketPermission("PutBucketNotification", { bucket: buckets.get(Bucket) })],
    run({ Bucket, NotificationConfiguration }) {
      const { EventBridgeConfiguration, ...others } = required(NotificationConfiguration, "notificationConfiguration");
      const [other] = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      if (other !== undefined) throw notImplemented(`${other} of a bucket's notifications`);
      buckets.get(Bucket).tellsEventBridge = EventBridgeConfiguration !== undefined;
      return {};
    },
  };
  return { GetBucketNotificationConfiguration: getConfiguration, PutBucketNotificationConfiguration: putConfiguration };
}

/** The same operations, which tell of what they did to objects of buckets that want it told. */
export function telling(operations: Record<string, Operation>, of: { buckets: Buckets; publish: Publish }): Record<string, Operation> {
  const { buckets } = of;
  const tellers: Readonly<Record<string, (run: Run) => Run>> = {
    PutObject: (run) => async (input: PutObjectCommandInput & { Body?: Uint8Array }, call) => {
      const output: Partial<PutObjectCommandOutput> = await run(input as never, call);
      const size = input.Body?.length ?? 0;
      tell(input, {
        call,
        detailType: "Object Created",
        object: { ...created(output.ETag, size), ...versioned(output) },
        reason: "PutObject",
      });
      return output;
    },
    CopyObject: (run) => async (input: CopyObjectCommandInput, call) => {
      const output: Partial<CopyObjectCommandOutput> = await run(input as never, call);
      const size = findVersion(buckets.get(input.Bucket), input.Key ?? "", output.VersionId)?.content?.size ?? 0;
      const object = { ...created(output.CopyObjectResult?.ETag, size), ...versioned(output) };
      tell(input, { call, detailType: "Object Created", object, reason: "CopyObject" });
      return output;
    },
    DeleteObject: (run) => async (input: DeleteObjectCommandInput, call) => {
      const before = stateOf(buckets.get(input.Bucket), input);
      const output = await run(input as never, call);
      tellDeletion(input.Bucket, { removed: input, before, call });
      return output;
    },
    DeleteObjects: (run) => async (input: DeleteObjectsCommandInput, call) => {
      const objects = input.Delete?.Objects ?? [];
      const states = objects.map((removed) => ({ removed, before: stateOf(buckets.get(input.Bucket), removed) }));
      const output: Partial<DeleteObjectsCommandOutput> = await run(input as never, call);
      for (const { removed, before } of states) tellDeletion(input.Bucket, { removed, before, call });
      return output;
    },
  };

  function tell(
    named: { Bucket?: string | undefined; Key?: string | undefined },
    { call, detailType, object, ...more }: { call: Call; detailType: string; object: object; reason: string; "deletion-type"?: string },
  ): void {
    const bucket = buckets.get(named.Bucket);
    if (!bucket.tellsEventBridge) return;
    of.publish({
      source: "aws.s3",
      detailType,
      resources: [bucket.arn],
      detail: {
        version: "0",
        bucket: { name: bucket.name },
        object: { key: named.Key, ...object, sequencer: buckets.nextSequencer() },
        "request-id": call.requestId,
        requester: call.caller.accountId,
        "source-ip-address": call.origin.vpc?.ip ?? call.origin.sourceIp,
        ...more,
      },
    });
  }

  /** Of what was deleted, whatever asked for it: nothing where nothing was, or where it was refused. */
  function tellDeletion(Bucket: string | undefined, of: { removed: Named; before: State; call: Call }): void {
    const { removed, before, call } = of;
    const after = stateOf(buckets.get(Bucket), removed);
    const common = { call, detailType: "Object Deleted", reason: "DeleteObject" };
    if (removed.VersionId === undefined && after.latest !== before.latest && after.latest !== undefined) {
      const object = { "version-id": after.latest.versionId };
      tell({ Bucket, Key: removed.Key }, { ...common, object, "deletion-type": "Delete Marker Created" });
    } else if (before.named !== undefined && after.named === undefined) {
      const object = removed.VersionId === undefined ? {} : { "version-id": removed.VersionId };
      tell({ Bucket, Key: removed.Key }, { ...common, object, "deletion-type": "Permanently Deleted" });
    }
  }

  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const teller = tellers[name];
      return [name, teller === undefined ? operation : { ...operation, run: teller(operation.run) }];
    }),
  );
}

interface State {
  readonly latest: ObjectVersion | undefined;
  /** The version that the request names, or else the current object. */
  readonly named: ObjectVersion | undefined;
}

const stateOf = (bucket: Bucket, { Key = "", VersionId }: Named): State => ({
  latest: bucket.objects.get(Key)?.at(-1),
  named: findVersion(bucket, Key, VersionId),
});

const created = (etag: string | undefined, size: number): object => ({ size, etag: etag?.replaceAll('"', "") });

const versioned = ({ VersionId }: { VersionId?: string | undefined }): object =>
  VersionId === undefined ? {} : { "version-id": VersionId };
