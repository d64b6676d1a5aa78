// What every answer has to be, whatever was asked: in time, and a success or a refusal in AWS's form; never an error of the emulator's own.

import type { WireResponse } from "../../emulator/gateway/wire.ts";

/** Words of a program that tripped; no refusal is worded so. */
export const slips =
  /Cannot read propert|Cannot destructure|Cannot convert|is not a function|is not iterable|is not a constructor|is not defined|\[object Object\]|Maximum call stack|Invalid time value|Invalid array length|circular structure|BigInt/;

export interface Answer {
  readonly statusCode: number;
  /** Absent on success and on HEAD. */
  readonly code?: string;
  readonly message?: string;
}

export function readAnswer({ statusCode, headers, body }: WireResponse): Answer {
  const text = new TextDecoder().decode(body);
  if (statusCode < 300 || statusCode === 304 || text === "") return { statusCode };
  const type = headers["content-type"] ?? "";
  if (type.includes("xml"))
    return {
      statusCode,
      code: /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? "",
      message: /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? "",
    };
  const parsed = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const code = headers["x-amzn-errortype"] ?? parsed["__type"];
  return { statusCode, code: String(code ?? ""), message: String(parsed["message"] ?? parsed["Message"] ?? parsed["__message"] ?? "") };
}

/** What is wrong with an answer; undefined where nothing is. */
export function faultOf({ statusCode, code, message = "" }: Answer): string | undefined {
  if (statusCode === 501) return code === "NotImplemented" ? undefined : `501 with ${code}`;
  if (statusCode >= 500) return `an internal error: ${statusCode} ${code}: ${message}`;
  if (code === undefined) return undefined;
  if (!/^[A-Za-z][\w.]*$/.test(code)) return `no error code: ${JSON.stringify(code)}`;
  return slips.test(message) ? `the words of a tripped program: ${message}` : undefined;
}

/** @returns "late" where `answer` does not come in time, counted in real milliseconds */
export async function inTime<Result>(answer: Promise<Result>, withinMs: number): Promise<Result | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), withinMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
