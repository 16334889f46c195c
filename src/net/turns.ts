/**
 * Turns of the thread: who has much to do does it in slices, one after the other with everybody else.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/**
 * What all connections together may have done in one round of the event loop, bytes after decompression:
 * some milliseconds. Hundreds that each begin at once with what they have just read are a second otherwise.
 */
const ROUND_BYTES = 64 * 1024;

/**
 * Runs a few pieces of work in each round of the event loop, so that what has arrived on other sockets is
 * read in between, however many pieces wait. How many depends on what they {@link spend}.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { Turns } from "./turns.ts";
 *
 * const rounds: (() => void)[] = [];
 * const turns = new Turns((round) => rounds.push(round));
 * const done: string[] = [];
 * turns.add(() => done.push("a"));
 * turns.add(() => done.push("b"));
 * for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) round();
 * deepEqual(done, ["a", "b"]);
 * ```
 */
export class Turns {
  readonly #nextRound: (round: () => void) => void;
  readonly #endOfRound: (round: () => void) => void;
  readonly #waiting = new Set<() => void>();
  #isScheduled = false;
  /** Bytes of work done without a turn since the last round. */
  #spentBytes = 0;

  /**
   * @param nextRound calls back when sockets have been read from
   * @param endOfRound calls back when what was read in this round has been handed over. Default: as the other
   */
  /** Takes turns with what calls back after others had theirs. */
  constructor(
    nextRound: (round: () => void) => void,
    endOfRound: (round: () => void) => void = nextRound,
  ) {
    this.#nextRound = nextRound;
    this.#endOfRound = endOfRound;
  }

  /** Whether a connection may begin at once with what it has just read, or is to wait for its turn. */
  get isOpen(): boolean {
    return this.#spentBytes < ROUND_BYTES;
  }

  /** So much was done at once. */
  spend(bytes: number): void {
    if (this.#spentBytes === 0) this.#endOfRound(() => this.#spentBytes = 0);
    this.#spentBytes += Math.max(1, bytes);
  }

  /** How many pieces of work wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Does `work` once, after all that waits already. It must not throw. */
  add(work: () => void): void {
    this.#waiting.add(work);
    this.#schedule();
  }

  /** Takes work back that was not done yet. */
  delete(work: () => void): void {
    this.#waiting.delete(work);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    this.#nextRound(this.#round);
  }

  readonly #round = (): void => {
    this.#isScheduled = false;
    this.#spentBytes = 0;
    try {
      // A timer between any two small pieces would leave the thread idle most of the time.
      for (let left = this.#waiting.size; left > 0 && this.isOpen; left--) this.#doNext();
    } finally {
      this.#schedule();
    }
  };

  #doNext(): void {
    const [work] = this.#waiting;
    if (work === undefined) return;
    this.#waiting.delete(work);
    work();
  }
}

/**
 * The turns of this process's one thread. What is asked of `setImmediate`, and what that asks for again,
 * is done before any socket is read from, and so are timers that have become due meanwhile; measured, 416
 * ms without a read beside pieces of 5 ms. So the timer is set when a piece and all that follows from it
 * is done: then it is not due yet, and sockets come first.
 */
export const processTurns = new Turns(
  (round) => void setImmediate(() => void setTimeout(round, 0)),
  (round) => void setImmediate(round),
);
