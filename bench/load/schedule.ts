/**
 * When the messages of an open loop are due.
 *
 * @module
 */

/**
 * A fixed rate that does not wait for answers. A latency counts from when its message was due, not
 * from when it was sent: a relay that stops for a second delays all that was due in that second,
 * and a client that waits for answers would not see it ("coordinated omission").
 */
export class Schedule {
  readonly #perSecond: number;
  readonly #count: number;

  /** `count` messages, `perSecond` of them a second. */
  constructor(perSecond: number, count: number) {
    this.#perSecond = perSecond;
    this.#count = count;
  }

  /** How many are due when `elapsedMs` have passed; the first is due at 0. */
  dueBy(elapsedMs: number): number {
    if (elapsedMs < 0) return 0;
    return Math.min(this.#count, Math.floor(elapsedMs * this.#perSecond / 1_000) + 1);
  }

  /** When message `at` is due, ms after the start. */
  dueMs(at: number): number {
    return at / this.#perSecond * 1_000;
  }
}
