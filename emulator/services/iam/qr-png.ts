// The picture that IAM returns for a virtual MFA device: a QR code as a grey-scale PNG.
// Source: https://www.w3.org/TR/png-3/ (signature, IHDR, IDAT, IEND)

import { crc32, deflateSync } from "node:zlib";
import { encode } from "uqr";

const pixelsPerModule = 4;
const quietModules = 4;

export function qrPng(text: string): Uint8Array {
  const { data, size } = encode(text, { ecc: "M", border: quietModules });
  const width = size * pixelsPerModule;
  const rows = data.flatMap((modules) => {
    const pixels = modules.flatMap((dark) => Array<number>(pixelsPerModule).fill(dark ? 0x00 : 0xff));
    // Every scan line starts with its filter type: 0, none.
    return Array<Buffer>(pixelsPerModule).fill(Buffer.from([0, ...pixels]));
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  // Eight bits of grey per pixel; the other three bytes are the only methods that PNG has.
  header[8] = 8;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, checksum]);
}
