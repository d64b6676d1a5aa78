// Amazon S3: objects that take two permissions to read, the object's and its key's.

import type { ResourceType } from "../deploy/resource-type.ts";
import { s3ResourceTypes } from "../deploy/resources/s3.ts";
import type { Environment, Service } from "../service.ts";
import type { ServiceEvent } from "./events/event.ts";
import { bucketOperations } from "./s3/bucket-operations.ts";
import { Buckets } from "./s3/buckets.ts";
import { deleteOperations } from "./s3/delete-operations.ts";
import { listOperations } from "./s3/list-operations.ts";
import { lockOperations } from "./s3/lock-operations.ts";
import { notificationOperations, telling } from "./s3/notifications.ts";
import { ObjectEncryption } from "./s3/object-encryption.ts";
import { objectOperations } from "./s3/object-operations.ts";

export interface S3 {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export interface S3Dependencies {
  /** Puts "Object Created" and "Object Deleted" on the event bus, for buckets that want it. */
  readonly publish?: (event: ServiceEvent) => void;
}

export function createS3(environment: Environment, { publish }: S3Dependencies = {}): S3 {
  const buckets = new Buckets(environment);
  const onObjects = { ...objectOperations(buckets, new ObjectEncryption(environment)), ...deleteOperations(buckets) };
  return {
    service: {
      signingName: "s3",
      protocol: "restXml",
      model: () => import("@aws-sdk/client-s3"),
      operations: {
        ...(publish === undefined ? onObjects : telling(onObjects, { buckets, publish })),
        ...notificationOperations(buckets),
        ...listOperations(buckets),
        ...lockOperations(buckets),
        ...bucketOperations(buckets, environment),
      },
    },
    resourceTypes: s3ResourceTypes(buckets, environment),
  };
}
