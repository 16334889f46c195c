/**
 * Limits the memory of all connections together.
 *
 * Each connection has limits of its own, but many connections at their limits exceed the memory of
 * a process. So what they hold is added up several times a second and compared with the memory of
 * the process. Before memory runs out, new connections are refused and those that hold the most are
 * dropped.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { Counters } from "./counters.ts";

/** A connection and what it holds. */
interface Holder {
  /** Estimate of the memory held for it, bytes. */
  readonly heldBytes: number;
  /** Closes the connection. */
  drop(): void;
}

/** Options of {@link MemoryWatch}. */
export interface MemoryWatchOptions {
  /** Memory that the process may use. */
  readonly maxBytes: number;
  /** Memory that the process uses now. */
  readonly usedBytes: () => number;
  readonly counters: Pick<Counters, "closedForMemory">;
  readonly log: Log;
}

/** The share of `maxBytes` that all connections together may hold. */
const HELD_SHARE = 0.4;

/** Above this share of both limits new connections are refused. */
const FULL_SHARE = 0.85;

/** Above this share of `maxBytes` connections are dropped. */
const DROP_SHARE = 0.92;

/** Connections that hold less are not dropped: it would free next to nothing. */
const LEAST_HELD_BYTES = 64 * 1024;

/** Refuses and drops connections when memory runs low. */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #isFull = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  /** Whether new connections have to be refused. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /**
   * Adds up what connections hold, given oldest first, and drops the largest ones as needed; of
   * equal ones the newest.
   */
  check(holders: Iterable<Holder>): void {
    const { maxBytes, usedBytes, log } = this.#options;
    const used = usedBytes();
    const held = Array.from(holders, (holder) => ({ holder, bytes: holder.heldBytes }));
    const total = held.reduce((sum, { bytes }) => sum + bytes, 0);
    // High use while connections hold little is garbage that has not been collected yet.
    this.#isFull = used > FULL_SHARE * maxBytes && total > FULL_SHARE * HELD_SHARE * maxBytes;
    const excess = Math.max(total - HELD_SHARE * maxBytes, used - DROP_SHARE * maxBytes);
    if (excess <= 0) return;
    const { count, bytes } = this.#drop(held, excess);
    if (count > 0) log.warn("connections closed to free memory", { count, bytes, used });
  }

  #drop(held: { readonly holder: Holder; readonly bytes: number }[], excess: number) {
    let freed = 0;
    let count = 0;
    for (const { holder, bytes } of held.reverse().sort((a, b) => b.bytes - a.bytes)) {
      if (freed >= excess || bytes < LEAST_HELD_BYTES) break;
      holder.drop();
      freed += bytes;
      count++;
      this.#options.counters.closedForMemory++;
    }
    return { count, bytes: freed };
  }
}
