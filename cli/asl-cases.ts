// `npm run asl-cases -- FILE`: runs recorded Step Functions executions on the emulator's interpreter and says which differ.

import { readFile } from "node:fs/promises";
import { differences } from "./asl-case/compare.ts";
import { play } from "./asl-case/play.ts";
import { parseCase } from "./asl-case/recorded.ts";

export const recordedCasesFile = new URL("../../shared/asl-cases/cases.jsonl", import.meta.url);

export interface CaseResult {
  readonly id: string;
  /** Empty where the interpreter did what AWS did. */
  readonly differences: readonly string[];
}

/** Plays one line of a case file. */
export async function judge(line: string): Promise<CaseResult> {
  const recorded = parseCase(line);
  try {
    return { id: recorded.id, differences: differences(recorded, await play(recorded)) };
  } catch (error) {
    return { id: recorded.id, differences: [error instanceof Error ? error.message : String(error)] };
  }
}

export const caseLines = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

async function main(file: string | URL): Promise<number> {
  const results: CaseResult[] = [];
  for (const line of caseLines(await readFile(file, "utf8"))) results.push(await judge(line));
  const failed = results.filter(({ differences }) => differences.length > 0);
  for (const { id, differences } of failed) console.log(`${id}: ${differences.join("; ").replaceAll(/\s+/g, " ")}`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 && results.length > 0 ? 0 : 1;
}

if (import.meta.main) {
  process.exitCode = await main(process.argv[2] ?? recordedCasesFile).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  });
}
