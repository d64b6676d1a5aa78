import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Sha256 } from "@smithy/core/checksum";
import { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3 } from "../../../emulator/services/s3.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

let emulator: TestEmulator;
let s3: S3Client;
beforeAll(async () => {
  emulator = await startTestEmulator({ services: ({ environment }) => [createS3(environment)] });
  s3 = emulator.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: "bucket" }));
});
afterAll(() => emulator.stop());

const read = async (Key: string): Promise<string | undefined> =>
  (await s3.send(new GetObjectCommand({ Bucket: "bucket", Key }))).Body?.transformToString();

test.each([["a/b c/ü+%&=?.txt"], ["ends/"], ["a//b"], ["~!*'()"]])("keeps the key %s as it is", async (Key) => {
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: Key, Metadata: { note: "n" }, ContentType: "text/plain" }));
  expect(await read(Key)).toBe(Key);
  expect(await s3.send(new HeadObjectCommand({ Bucket: "bucket", Key }))).toMatchObject({
    Metadata: { note: "n" },
    ContentType: "text/plain",
    ContentLength: Buffer.byteLength(Key),
  });
});

test("takes a stream in chunks with a trailing checksum, and stores it without the frames", async () => {
  const text = "0123456789".repeat(20_000);
  const Body = Readable.from([Buffer.from(text.slice(0, 70_000)), Buffer.from(text.slice(70_000))]);
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "streamed", Body, ContentLength: text.length }));
  expect(await read("streamed")).toBe(text);
});

test("tells PutObject from CopyObject, and lists what is there", async () => {
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "x/original", Body: "o" }));
  expect((await s3.send(new ListObjectsV2Command({ Bucket: "bucket", Prefix: "x/" }))).Contents?.map(({ Key }) => Key)).toEqual([
    "x/original",
  ]);
  expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(["bucket"]);
  await s3.send(new CopyObjectCommand({ Bucket: "bucket", Key: "x/copy", CopySource: "bucket/x/original" }));
  expect(await read("x/copy")).toBe("o");
});

test("answers an error in S3's XML, and a HEAD without a body", async () => {
  await expect(read("none")).rejects.toMatchObject({ name: "NoSuchKey", $metadata: { httpStatusCode: 404 } });
  await expect(s3.send(new HeadObjectCommand({ Bucket: "bucket", Key: "none" }))).rejects.toMatchObject({
    name: "NotFound",
    $metadata: { httpStatusCode: 404 },
  });
});

test("finds the bucket in the host name too", async () => {
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "hosted", Body: "h" }));
  const response = await rawS3({ method: "GET", path: "/hosted", host: "bucket.s3.us-east-1.amazonaws.com", hash: "UNSIGNED-PAYLOAD" });
  expect(response).toMatchObject({ statusCode: 200 });
  expect(Buffer.from(response.body).toString()).toBe("h");
});

/** A request as a signer other than the SDK's client might send it, past the socket. */
async function rawS3(of: { method: string; path: string; host?: string; hash: string; body?: string; headers?: Record<string, string> }) {
  const signer = new SignatureV4({
    credentials: emulator.administrator,
    region: "us-east-1",
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
  });
  const request = new HttpRequest({
    method: of.method,
    path: of.path,
    headers: { host: of.host ?? "127.0.0.1", "x-amz-content-sha256": of.hash, ...of.headers },
  });
  const signed = (await signer.sign(request)) as unknown as HttpRequest;
  return emulator.gateway.handle(
    { method: of.method, path: of.path, query: "", headers: signed.headers, body: Buffer.from(of.body ?? "") },
    { sourceIp: "127.0.0.1" },
  );
}

describe("a body", () => {
  const put = (of: { hash: string; body: string; headers?: Record<string, string> }) =>
    rawS3({ method: "PUT", path: "/bucket/raw", ...of });
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

  test.each([
    ["another hash than its own", { hash: sha256("other"), body: "mine" }, "XAmzContentSHA256Mismatch"],
    [
      "another MD5",
      { hash: sha256("mine"), body: "mine", headers: { "content-md5": createHash("md5").update("other").digest("base64") } },
      "BadDigest",
    ],
    ["another CRC32", { hash: sha256("mine"), body: "mine", headers: { "x-amz-checksum-crc32": "AAAAAA==" } }, "BadDigest"],
    [
      "a checksum that is not modelled",
      { hash: sha256("mine"), body: "mine", headers: { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" } },
      "NotImplemented",
    ],
    ["a chunk that ends early", { hash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body: "a\r\nshort" }, "IncompleteBody"],
    [
      "a trailing checksum of something else",
      {
        hash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        body: "4\r\nmine\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        headers: { "x-amz-trailer": "x-amz-checksum-crc32" },
      },
      "BadDigest",
    ],
    [
      "a chunk without the signature that was promised",
      { hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", body: "4\r\nmine\r\n0\r\n\r\n" },
      "SignatureDoesNotMatch",
    ],
  ])("with %s is refused", async (_, of, code) => {
    const { body } = await put(of);
    expect(Buffer.from(body).toString()).toContain(`<Code>${code}</Code>`);
  });

  test("may be left out of the signature", async () => {
    expect((await put({ hash: "UNSIGNED-PAYLOAD", body: "free" })).statusCode).toBe(200);
    expect(await read("raw")).toBe("free");
  });
});

test("a presigned URL works until it expires, and for its own path only", async () => {
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "shared", Body: "s" }));
  const signer = new SignatureV4({
    credentials: emulator.administrator,
    region: "us-east-1",
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const { host } = new URL(emulator.endpoint);
  const request = new HttpRequest({ method: "GET", path: "/bucket/shared", headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } });
  const presigned = (await signer.presign(request, {
    expiresIn: 60,
    unhoistableHeaders: new Set(),
    unsignableHeaders: new Set(["x-amz-content-sha256"]),
  })) as unknown as HttpRequest;
  const query = new URLSearchParams(presigned.query as Record<string, string>).toString();
  const get = async (path: string) => {
    const response = await fetch(`${emulator.endpoint}${path}?${query}`);
    return { status: response.status, text: await response.text() };
  };
  expect(await get("/bucket/shared")).toEqual({ status: 200, text: "s" });
  expect((await get("/bucket/streamed")).text).toContain("SignatureDoesNotMatch");
  await emulator.clock.advance(61_000);
  expect((await get("/bucket/shared")).text).toContain("Request has expired");
});

test("tells where a bucket is", async () => {
  expect((await s3.send(new GetBucketLocationCommand({ Bucket: "bucket" }))).LocationConstraint).toBeUndefined();
});

test("takes XML in a body", async () => {
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "d<1>&", Body: "x" }));
  const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket: "bucket", Delete: { Objects: [{ Key: "d<1>&" }] } }));
  expect(Deleted).toMatchObject([{ Key: "d<1>&" }]);
});
