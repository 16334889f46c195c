/**
 * A worker that comes and goes in a table of counts, as one client of which one may be inside.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import type { SharedTable } from "../../src/base/shared_table.ts";
import { SharedCounts } from "../../src/net/server/shared_counts.ts";

/** What the worker is told. */
export interface CountingTask {
  readonly table: SharedTable;
  readonly thread: number;
  /** How often it gets in. The other may be halted while it is inside, so tries say nothing. */
  readonly entries: number;
  /** How many are inside: never more than one. */
  readonly inside: SharedArrayBuffer;
}

/** What it answers: how often it got in, and how often somebody else was inside then. */
export interface CountingResult {
  readonly entered: number;
  readonly collisions: number;
}

/** Where nobody is ever let in, it ends all the same. */
const MAX_TRIES = 50_000_000;

self.onmessage = ({ data }: MessageEvent<CountingTask>) => {
  const { table, thread, entries } = data;
  const counts = new SharedCounts(table, { thread, clockOffsetMs: 0 });
  const inside = new Int32Array(data.inside);
  const limits = { maxTotal: 10, maxInside: 1, rate: { perSecond: 1, burst: 1e9 } };
  let entered = 0;
  let collisions = 0;
  for (let tries = 0; entered < entries && tries < MAX_TRIES; tries++) {
    if (counts.enter("somebody", limits, 0) !== undefined) continue;
    entered++;
    if (Atomics.add(inside, 0, 1) !== 0) collisions++;
    Atomics.sub(inside, 0, 1);
    counts.leave("somebody");
  }
  self.postMessage({ entered, collisions } satisfies CountingResult);
};
