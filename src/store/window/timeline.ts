/**
 * Events in the order of answers: the newest first, equal times by smaller id first.
 *
 * @module
 */

/** What is ordered. */
export interface Ordered {
  readonly id: string;
  readonly createdAt: number;
}

/** Less than zero when `a` comes first. */
export function inOrder(a: Ordered, b: Ordered): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * A list that is kept from the last event to the first: what is new is mostly the newest, and is then
 * added at the end.
 */
export class Timeline<T extends Ordered> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The event at a place in the order of answers. */
  at(place: number): T | undefined {
    return this.#items[this.#items.length - 1 - place];
  }

  add(item: T): void {
    const at = this.#placeOf(item);
    if (at === this.#items.length) this.#items.push(item);
    else this.#items.splice(at, 0, item);
  }

  delete(item: T): void {
    const at = this.#placeOf(item) - 1;
    if (this.#items[at] !== item) return;
    // The oldest goes most often; this moves nothing, where splice() would move all.
    if (at === 0) this.#items.shift();
    else this.#items.splice(at, 1);
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** The first place whose event is not newer than this. */
  placeUntil(until: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle)!.createdAt > until) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many stored items come before it, or are it, from the end of the order. */
  #placeOf(item: T): number {
    let low = 0;
    let high = this.#items.length;
    // Mostly the newest.
    if (high === 0 || inOrder(this.#items[high - 1]!, item) >= 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (inOrder(this.#items[middle]!, item) >= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
