/**
 * Decides which statements are prepared.
 *
 * A prepared statement saves parsing and planning, most of the cost of a short query, and takes
 * memory on its connection as long as that lives. Ordinary filters produce a few dozen texts, but a
 * client that combines conditions on purpose can produce any number. So only the first texts are
 * prepared.
 *
 * @module
 */

/** How many statements of queries are prepared on each connection. */
export const MAX_PREPARED = 200;

/** The first texts that were asked for. */
export class PreparedTexts {
  readonly #max: number;
  readonly #texts = new Set<string>();

  constructor(max = MAX_PREPARED) {
    this.#max = max;
  }

  /** Whether the statement with this text is prepared; otherwise it is parsed each time. */
  admits(text: string): boolean {
    if (this.#texts.has(text)) return true;
    if (this.#texts.size >= this.#max) return false;
    this.#texts.add(text);
    return true;
  }
}
