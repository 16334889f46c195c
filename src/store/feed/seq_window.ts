/**
 * The set of sequence numbers that have been seen.
 *
 * @module
 */

/** How many numbers above the floor are stored, about 40 bytes each. */
const MAX_SEEN = 500_000;

/** A set of numbers that contains every number up to a *floor*. The floor keeps the set small. */
export class SeqWindow {
  readonly #seen = new Set<number>();
  readonly #maxSeen: number;
  #floor = 0;

  constructor(maxSeen = MAX_SEEN) {
    this.#maxSeen = maxSeen;
  }

  /** All numbers up to this one are in the set. */
  get floor(): number {
    return this.#floor;
  }

  /** How many numbers above the floor are stored. */
  get size(): number {
    return this.#seen.size;
  }

  has(seq: number): boolean {
    return seq <= this.#floor || this.#seen.has(seq);
  }

  /** Adds a number and returns whether it is new. */
  add(seq: number): boolean {
    if (this.has(seq)) return false;
    this.#seen.add(seq);
    // If the floor does not rise for that long, memory matters more than exactness.
    if (this.#seen.size > this.#maxSeen) this.raise(seq - (this.#maxSeen >> 1));
    return true;
  }

  /**
   * Adds all numbers up to `floor`, which have been seen or will never come. A lower floor changes
   * nothing.
   */
  raise(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const seq of this.#seen) {
      if (seq <= floor) this.#seen.delete(seq);
    }
  }
}
