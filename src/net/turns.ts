/**
 * Schedules work of connections on the one thread: a connection with much to do does it in slices, in
 * turns with the others.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import type { Timer } from "../base/clock.ts";
import { FairQueue, ownSource, type Place } from "../base/fair_queue.ts";

/**
 * How much work of all connections is done in one round of the event loop, bytes after decompression:
 * some milliseconds. Hundreds of connections that each began at once would take a second.
 */
const ROUND_BYTES = 64 * 1024;

/**
 * Runs some pieces of work in each round of the event loop, so that sockets are read in between however
 * many pieces wait. How many depends on the bytes that they {@link spend}. Clients take turns, and so do
 * the connections of a client: a thousand connections of one delay another client by one piece.
 */
export class Turns {
  readonly #nextRound: (round: () => void) => Timer;
  readonly #endOfRound: (round: () => void) => unknown;
  readonly #queue = new FairQueue<() => void>();
  /** The place of each piece of work that waits. */
  readonly #places = new Map<() => void, Place>();
  /** The next round, while work waits for it. */
  #scheduled: Timer | undefined = undefined;
  /** Bytes of work that was done without waiting for a turn since the last round. */
  #spentBytes = 0;
  /** Those of them that were spent when it was not open any more. */
  #beyondBytes = 0;

  /**
   * Creates turns whose rounds come from two timers.
   *
   * @param nextRound calls back when sockets have been read from
   * @param endOfRound calls back when what was read in this round has been handed over. Default: as the other
   */
  constructor(
    nextRound: (round: () => void) => Timer,
    endOfRound: (round: () => void) => unknown = nextRound,
  ) {
    this.#nextRound = nextRound;
    this.#endOfRound = endOfRound;
  }

  /** Whether a connection may start on what it has just read; if not, it waits for a turn. */
  get isOpen(): boolean {
    return this.#spentBytes < ROUND_BYTES;
  }

  /** The same for a connection that has read a few bytes: as much again may be done for such ones. */
  get isOpenForTrifles(): boolean {
    return this.#beyondBytes < ROUND_BYTES;
  }

  /** Counts work that was done at once. */
  spend(bytes: number): void {
    if (this.#spentBytes === 0) this.#endOfRound(this.#reset);
    if (!this.isOpen) this.#beyondBytes += bytes;
    this.#spentBytes += Math.max(1, bytes);
  }

  /** How many pieces of work wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** Does `work` once, after what waits already for the same connection. It must not throw. */
  add(work: () => void, place: Place = ownSource): void {
    if (!this.#places.has(work)) {
      this.#places.set(work, place);
      this.#queue.push(work, place);
    }
    this.#schedule();
  }

  /** Removes work that has not been done yet. Where no other waits, the next round is cancelled. */
  delete(work: () => void): void {
    const place = this.#places.get(work);
    if (place === undefined) return;
    this.#places.delete(work);
    this.#queue.delete(work, place);
    if (this.size > 0) return;
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #schedule(): void {
    if (this.size > 0) this.#scheduled ??= this.#nextRound(this.#round);
  }

  readonly #reset = (): void => {
    this.#spentBytes = 0;
    this.#beyondBytes = 0;
  };

  readonly #round = (): void => {
    this.#scheduled = undefined;
    this.#reset();
    try {
      // A timer between any two small pieces would leave the thread idle most of the time.
      for (let left = this.size; left > 0 && this.isOpen; left--) this.#doNext();
    } finally {
      this.#schedule();
    }
  };

  #doNext(): void {
    const work = this.#queue.shift();
    if (work === undefined) return;
    this.#places.delete(work);
    work();
  }
}

/**
 * The turns of this process. `setImmediate` callbacks, those that they request, and timers that have become
 * due meanwhile all run before any socket is read: 416 ms without a read were measured beside pieces of
 * 5 ms. So the timer is set when a piece and all that follows from it is done: it is not due yet then, and
 * sockets are read first.
 */
export const processTurns = new Turns(
  (round) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const immediate = setImmediate(() => timer = setTimeout(round, 0));
    return {
      cancel() {
        clearImmediate(immediate);
        clearTimeout(timer);
      },
    };
  },
  (round) => void setImmediate(round),
);
