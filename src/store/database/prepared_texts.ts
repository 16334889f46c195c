/**
 * Which statements a server keeps prepared.
 *
 * A prepared statement saves parsing and planning, most of what a short query costs, and takes memory on
 * its connection for as long as that lives. Filters of every form in daily use make a few dozen texts; but
 * whoever combines conditions on purpose can make any number, so only the first are kept.
 *
 * @module
 */

/** How many are kept of what readers ask, on each connection. */
export const MAX_PREPARED = 200;

/**
 * The first so many different texts.
 */
export class PreparedTexts {
  readonly #max: number;
  readonly #texts = new Set<string>();

  constructor(max = MAX_PREPARED) {
    this.#max = max;
  }

  /** Whether the statement with this text is to be prepared; otherwise it is parsed each time. */
  admits(text: string): boolean {
    if (this.#texts.has(text)) return true;
    if (this.#texts.size >= this.#max) return false;
    this.#texts.add(text);
    return true;
  }
}
