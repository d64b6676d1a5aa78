// Amazon S3: objects that take two permissions to read, the object's and its key's.

import type { ResourceType } from "../deploy/resource-type.ts";
import { s3ResourceTypes } from "../deploy/resources/s3.ts";
import type { Environment, Service } from "../service.ts";
import { bucketOperations } from "./s3/bucket-operations.ts";
import { Buckets } from "./s3/buckets.ts";
import { deleteOperations } from "./s3/delete-operations.ts";
import { listOperations } from "./s3/list-operations.ts";
import { lockOperations } from "./s3/lock-operations.ts";
import { ObjectEncryption } from "./s3/object-encryption.ts";
import { objectOperations } from "./s3/object-operations.ts";

export interface S3 {
  readonly service: Service;
  readonly resourceTypes: readonly ResourceType[];
}

export function createS3(environment: Environment): S3 {
  const buckets = new Buckets(environment);
  return {
    service: {
      signingName: "s3",
      protocol: "restXml",
      model: () => import("@aws-sdk/client-s3"),
      operations: {
        ...objectOperations(buckets, new ObjectEncryption(environment)),
        ...deleteOperations(buckets),
        ...listOperations(buckets),
        ...lockOperations(buckets),
        ...bucketOperations(buckets, environment),
      },
    },
    resourceTypes: s3ResourceTypes(buckets, environment),
  };
}
