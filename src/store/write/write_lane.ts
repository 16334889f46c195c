/**
 * Events that wait to be written.
 *
 * @module
 */

/** What one batch may hold. */
export interface BatchRoom {
  /** Events in a batch. */
  readonly maxEvents: number;
  /** Their JSON together, bytes; one event may be larger. */
  readonly maxBytes: number;
  /** The rows they touch together, see `row_weight.ts`; one event may touch more. */
  readonly maxRows: number;
}

/** What is known of each that waits. */
export interface Weighed {
  /** Whose it is, for turns. */
  readonly source: string;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * A queue in which sources take turns: of those that wait, each gives one at a time. What one source sends is
 * taken in order.
 */
export class WriteLane<One extends Weighed> {
  /** In the order of their turns. Only those that have something. */
  readonly #sources = new Map<string, One[]>();
  #count = 0;

  /** How many wait. */
  get length(): number {
    return this.#count;
  }

  push(one: One): void {
    this.#count++;
    const queue = this.#sources.get(one.source);
    if (queue === undefined) this.#sources.set(one.source, [one]);
    else queue.push(one);
  }

  /** Takes the next batch; at least one if any waits. */
  take({ maxEvents, maxBytes, maxRows }: BatchRoom): One[] {
    const batch: One[] = [];
    let [bytes, rows] = [0, 0];
    for (const [source, queue] of this.#sources) {
      const next = queue[0]!;
      bytes += next.bytes;
      rows += next.rows;
      const isFull = batch.length >= maxEvents || bytes > maxBytes || rows > maxRows;
      if (batch.length > 0 && isFull) break;
      batch.push(next);
      queue.shift();
      // The walk over a map comes to what is set again.
      this.#sources.delete(source);
      if (queue.length > 0) this.#sources.set(source, queue);
    }
    this.#count -= batch.length;
    return batch;
  }

  /** Takes all that wait. */
  takeAll(): One[] {
    return this.take({ maxEvents: Infinity, maxBytes: Infinity, maxRows: Infinity });
  }
}
