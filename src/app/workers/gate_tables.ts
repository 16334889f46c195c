/**
 * The counts of connections and requests that the threads of a relay share.
 *
 * @module
 */

import type { GateCounts } from "../../net/server/admission.ts";
import { createTable, SharedCounts, type SharedTable } from "../../net/server/shared_counts.ts";
import { systemRandom } from "../system/system_random.ts";
import type { GateTables } from "./worker_calls.ts";

/** Makes the tables for so many threads. */
export function createGateTables(threads: number): GateTables {
  const table = () => createTable(threads, new DataView(systemRandom.bytes(4).buffer).getInt32(0));
  return { sockets: table(), connections: table(), requests: table() };
}

/** The counts of a thread, by its number from 1. The system's clock begins when a thread does. */
export function countsOfThread(tables: GateTables, number: number): GateCounts {
  const clockOffsetMs = performance.timeOrigin;
  const counts = (table: SharedTable) =>
    new SharedCounts(table, { thread: number - 1, clockOffsetMs });
  return {
    sockets: counts(tables.sockets),
    connections: counts(tables.connections),
    requests: counts(tables.requests),
  };
}

/** Counts all out that were in a thread which has ended. */
export function forgetThread(tables: GateTables, number: number): void {
  for (const table of Object.values(tables)) {
    new SharedCounts(table, { thread: number - 1, clockOffsetMs: 0 }).clear();
  }
}
