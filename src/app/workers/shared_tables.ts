/**
 * What the threads of a relay count together: connections, requests and the rates of clients and keys.
 *
 * @module
 */

import { SharedBuckets } from "../../base/shared_buckets.ts";
import { createTable, type SharedTable } from "../../base/shared_table.ts";
import type { MakeBuckets } from "../../base/token_buckets.ts";
import type { GateCounts } from "../../net/server/admission.ts";
import { SharedCounts } from "../../net/server/shared_counts.ts";
import { systemRandom } from "../system/system_random.ts";
import type { SharedTables } from "./worker_calls.ts";

/** Makes the tables for so many threads. */
export function createTables(threads: number): SharedTables {
  const seed = () => new DataView(systemRandom.bytes(4).buffer).getInt32(0);
  return {
    sockets: createTable(threads, seed()),
    connections: createTable(threads, seed()),
    requests: createTable(threads, seed()),
    rates: createTable(0, seed()),
  };
}

/** The system's clock begins when a thread does. */
const clockOffsetMs = performance.timeOrigin;

/** The counts of a thread, by its number from 1. */
export function countsOfThread(tables: SharedTables, number: number): GateCounts {
  const counts = (table: SharedTable) =>
    new SharedCounts(table, { thread: number - 1, clockOffsetMs });
  return {
    sockets: counts(tables.sockets),
    connections: counts(tables.connections),
    requests: counts(tables.requests),
  };
}

/** Makes buckets that all threads share. */
export function sharedBuckets({ rates }: SharedTables): MakeBuckets {
  return (name, rate) => new SharedBuckets(rates, { name, rate, clockOffsetMs });
}

/** Counts all out that were in a thread which has ended. */
export function forgetThread(tables: SharedTables, number: number): void {
  for (const table of [tables.sockets, tables.connections, tables.requests]) {
    new SharedCounts(table, { thread: number - 1, clockOffsetMs }).clear();
  }
}
