/**
 * A bound on the memory of all connections together.
 *
 * Each connection has bounds of its own, but many connections at theirs are more than a process has. So
 * what they hold is added up a few times a second, and beside it the memory of the process is looked at:
 * before there is too little, new connections are refused and those that hold the most are dropped.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { Counters } from "./counters.ts";

/** A connection, as far as memory is concerned. */
export interface Holder {
  /** What the process keeps for it, bytes, about. */
  readonly heldBytes: number;
  /** Ends it. */
  drop(): void;
}

/** What a {@link MemoryWatch} works with. */
export interface MemoryWatchOptions {
  /** What the process may use. */
  readonly maxBytes: number;
  /** What it uses now. */
  readonly usedBytes: () => number;
  readonly counters: Pick<Counters, "closedForMemory">;
  readonly log: Log;
}

/** The most that all connections together may hold, as a share of the whole. */
const HELD_SHARE = 0.4;

/** From this share of both bounds on new connections are refused. */
const FULL_SHARE = 0.85;

/** From here on connections are dropped. */
const DROP_SHARE = 0.92;

/** Who holds less than this is not dropped: nothing would be gained. */
const LEAST_HELD_BYTES = 64 * 1024;

/**
 * Decides who has to go.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #isFull = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  /** Whether no new connection is to be taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Looks at everybody, the oldest first, and drops whom it must: the largest, and of equals the newest. */
  check(holders: Iterable<Holder>): void {
    const { maxBytes, usedBytes, log } = this.#options;
    const used = usedBytes();
    const held = Array.from(holders, (holder) => ({ holder, bytes: holder.heldBytes }));
    const total = held.reduce((sum, { bytes }) => sum + bytes, 0);
    // Much is used and little is held: that is garbage, and the next collection takes it.
    this.#isFull = used > FULL_SHARE * maxBytes && total > FULL_SHARE * HELD_SHARE * maxBytes;
    const excess = Math.max(total - HELD_SHARE * maxBytes, used - DROP_SHARE * maxBytes);
    if (excess <= 0) return;
    const { count, bytes } = this.#drop(held, excess);
    if (count > 0) log.warn("connections dropped for want of memory", { count, bytes, used });
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
