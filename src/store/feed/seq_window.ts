/**
 * Which of a growing row of numbers have been seen.
 *
 * @module
 */

/** How many numbers above the floor are remembered. About 40 bytes each. */
const MAX_SEEN = 500_000;

/**
 * A set of numbers of which all up to a *floor* are in it. The floor is what keeps it small.
 */
export class SeqWindow {
  readonly #seen = new Set<number>();
  readonly #maxSeen: number;
  #floor = 0;

  constructor(maxSeen = MAX_SEEN) {
    this.#maxSeen = maxSeen;
  }

  /** All numbers up to this one count as seen. */
  get floor(): number {
    return this.#floor;
  }

  /** How many are remembered one by one. */
  get size(): number {
    return this.#seen.size;
  }

  has(seq: number): boolean {
    return seq <= this.#floor || this.#seen.has(seq);
  }

  /** Adds a number and says whether it is new. */
  add(seq: number): boolean {
    if (this.has(seq)) return false;
    this.#seen.add(seq);
    // A floor that does not rise for so long is worth less than the memory.
    if (this.#seen.size > this.#maxSeen) this.raise(seq - (this.#maxSeen >> 1));
    return true;
  }

  /** Everything up to `floor` has been seen or will never come. A lower floor changes nothing. */
  raise(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const seq of this.#seen) {
      if (seq <= floor) this.#seen.delete(seq);
    }
  }
}
