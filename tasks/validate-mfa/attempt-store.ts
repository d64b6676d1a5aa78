// The MfaAttempts table: codes that were spent and refusals that count, per admin and across all runs.

import { createHash } from "node:crypto";
import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { noRefusals, type RefusalRecord } from "./refusal-window.ts";

export interface Spending {
  readonly admin: string;
  readonly code: string;
  readonly run: string;
  /** Unique to this attempt, so that a write which the SDK repeats knows itself. */
  readonly claim: string;
  readonly nowMs: number;
}

export type SpendResult =
  | { readonly spent: true /** This code was used before, so long ago that STS cannot accept it again. */; readonly usedBefore: boolean }
  /** Somebody else has it. */
  | { readonly spent: false; readonly byRun: string };

/** A record as it was read; `version` is what a write is conditional on. */
export interface VersionedRecord extends RefusalRecord {
  readonly version: number;
}

export interface AttemptStore {
  /** Exactly one of any number of concurrent callers gets `spent: true` for one code of one admin. */
  spend(spending: Spending): Promise<SpendResult>;
  readRefusals(admin: string): Promise<VersionedRecord>;
  /** False if the record has changed since it was read; nothing is written then. */
  writeRefusals(admin: string, of: { record: RefusalRecord; read: VersionedRecord; nowMs: number }): Promise<boolean>;
}

/**
 * STS takes a code for the 30-second step before, at and after its clock, so a code can live for 90 seconds; 120 leave room for clocks.
 */
const spentSeconds = 120;

/** Kept for a day: a code that comes back (a redrive, an old input) can then be called expired instead of wrong. */
const keptSeconds = 86_400;

// Six digits are guessed at once from any hash: it keeps the code out of sight, not secret. What protects it is that it is spent.
const codeItem = ({ admin, code }: Spending): string => `code#${createHash("sha256").update(`${admin}\n${code}`, "utf8").digest("hex")}`;

export function attemptStore(dynamodb: DynamoDBClient, table: string): AttemptStore {
  const readItem = async (Key: Record<"admin" | "attempt", { S: string }>) =>
    (await dynamodb.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))).Item;
  return {
    async spend(spending) {
      const nowSeconds = Math.floor(spending.nowMs / 1000);
      try {
        const reply = await dynamodb.send(
          new PutItemCommand({
            TableName: table,
            Item: {
              admin: { S: spending.admin },
              attempt: { S: codeItem(spending) },
              run: { S: spending.run },
              claim: { S: spending.claim },
              spentUntil: { N: String(nowSeconds + spentSeconds + 1) },
              expiresAt: { N: String(nowSeconds + keptSeconds) },
            },
            // Time to live deletes late, so an item that is still there counts by its time.
            ConditionExpression: "attribute_not_exists(attempt) OR spentUntil <= :now",
            ExpressionAttributeValues: { ":now": { N: String(nowSeconds) } },
            ReturnValues: "ALL_OLD",
          }),
        );
        return { spent: true, usedBefore: reply.Attributes !== undefined };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const holder = await readItem({ admin: { S: spending.admin }, attempt: { S: codeItem(spending) } });
        // The first write arrived and its answer was lost: the code is ours.
        if (holder?.["claim"]?.S === spending.claim) return { spent: true, usedBefore: false };
        return { spent: false, byRun: holder?.["run"]?.S ?? "unknown" };
      }
    },

    async readRefusals(admin) {
      const item = await readItem({ admin: { S: admin }, attempt: { S: "refusals" } });
      if (item === undefined) return { ...noRefusals, version: 0 };
      const lockedUntilMs = item["lockedUntilMs"]?.N;
      return {
        attempts: (item["attempts"]?.L ?? []).map(({ M }) => ({ claim: M?.["claim"]?.S ?? "", atMs: Number(M?.["atMs"]?.N) })),
        ...(lockedUntilMs === undefined ? {} : { lockedUntilMs: Number(lockedUntilMs) }),
        version: Number(item["version"]?.N ?? 0),
      };
    },

    async writeRefusals(admin, { record, read, nowMs }) {
      try {
        await dynamodb.send(
          new PutItemCommand({
            TableName: table,
            Item: {
              admin: { S: admin },
              attempt: { S: "refusals" },
              attempts: { L: record.attempts.map(({ claim, atMs }) => ({ M: { claim: { S: claim }, atMs: { N: String(atMs) } } })) },
              ...(record.lockedUntilMs === undefined ? {} : { lockedUntilMs: { N: String(record.lockedUntilMs) } }),
              version: { N: String(read.version + 1) },
              expiresAt: { N: String(Math.floor(nowMs / 1000) + keptSeconds) },
            },
            ConditionExpression: "attribute_not_exists(attempt) OR version = :read",
            ExpressionAttributeValues: { ":read": { N: String(read.version) } },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}
