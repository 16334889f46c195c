/**
 * The queue of events that wait to be written.
 *
 * @module
 */

/** The limits of one batch. */
export interface BatchRoom {
  /** Events in a batch. */
  readonly maxEvents: number;
  /** Their JSON together, bytes; a single event may be larger. */
  readonly maxBytes: number;
  /** The rows they touch together, see `row_weight.ts`; a single event may touch more. */
  readonly maxRows: number;
}

/** What the queue needs to know of an event. */
export interface Weighed {
  /** Sources take turns. */
  readonly source: string;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * A queue with round-robin between sources: each gives one event at a time. Events of one source
 * stay in order.
 */
export class WriteQueue<One extends Weighed> {
  /** In the order of their turns; only sources with waiting events. */
  readonly #sources = new Map<string, One[]>();
  #count = 0;

  /** How many events wait. */
  get length(): number {
    return this.#count;
  }

  push(one: One): void {
    this.#count++;
    const queue = this.#sources.get(one.source);
    if (queue === undefined) this.#sources.set(one.source, [one]);
    else queue.push(one);
  }

  /** Takes the next batch: at least one event if any waits. */
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
      // Set again below, the source comes last; iteration of a `Map` reaches it again.
      this.#sources.delete(source);
      if (queue.length > 0) this.#sources.set(source, queue);
    }
    this.#count -= batch.length;
    return batch;
  }

  /** Takes everything that waits. */
  takeAll(): One[] {
    return this.take({ maxEvents: Infinity, maxBytes: Infinity, maxRows: Infinity });
  }
}
