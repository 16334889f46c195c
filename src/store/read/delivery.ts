/**
 * Delivers the events of an answer with their JSON, within a number of bytes that all queries share.
 *
 * A query takes a lease on bytes before it reads, and returns it when its reader has taken what was read.
 * It holds no lease while it waits for another one or for its reader, so queries cannot block each other
 * for ever.
 *
 * @module
 */

import type { Body, FoundEvent } from "./body_statement.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { QueryOptions, StoredEvent } from "../event_store.ts";
import type { FoundPage } from "./scan.ts";
import { whenReady } from "./when_ready.ts";

/** The size of one piece of an answer, bytes; one event may be longer. */
export const PIECE_BYTES = 1_048_576;

/** How much of a piece is fetched by id. Such events are large, and their reader may not take them. */
export const FETCH_BYTES = 262_144;

/** How an answer is delivered. */
export interface DeliveryOptions extends QueryOptions {
  readonly memory: MemoryBudget;
  /** The most bytes of JSON that one page of the answer carries. */
  readonly leaseBytes: number;
  /** Reads the JSON of those of these events that are still stored. */
  readonly bodiesOf: (ids: readonly string[]) => Promise<readonly Body[]>;
}

/**
 * The events with their JSON, in pieces. An event that was deleted between the reading of its row and that
 * of its JSON is left out.
 *
 * @param found between two of its pages it holds no JSON.
 */
export async function* deliver(
  found: AsyncGenerator<FoundPage, void>,
  options: DeliveryOptions,
): AsyncGenerator<readonly StoredEvent[], void> {
  const { bodiesOf, pieceBytes, onLast, onLeftOut, signal } = options;
  const lease = new Lease(options);
  try {
    for (let isLast = false; !isLast;) {
      const leased = lease.renew(options.leaseBytes);
      if (leased !== undefined) await leased;
      const { done, value: page } = await found.next();
      if (done) break;
      const { events } = page;
      for (let start = 0, end = 0; start < events.length; start = end) {
        const mostBytes = Math.min(pieceBytes?.() ?? PIECE_BYTES, PIECE_BYTES);
        const [length, bytes] = measurePiece(events, start, mostBytes);
        end = start + length;
        if (bytes > lease.bytes) {
          events.forEach(strip);
          await lease.renew(bytes);
        }
        const bodies = bodiesFor(events.slice(start, end), bodiesOf);
        const piece = bodies instanceof Promise ? await bodies : bodies;
        events.forEach(strip);
        for (let given = piece.length; given < length; given++) onLeftOut?.();
        isLast = page.isLast && end === events.length;
        if (isLast && piece.length > 0) onLast?.();
        if (piece.length > 0) yield piece;
        lease.drop();
      }
    }
    signal?.throwIfAborted();
  } finally {
    lease.drop();
    await found.return();
  }
}

/** How many events the piece that begins at `start` has, at least one, and how many bytes. */
function measurePiece(
  events: readonly FoundEvent[],
  start: number,
  pieceBytes: number,
): readonly [number, number] {
  let bytes = 0;
  let fetched = 0;
  for (let end = start; end < events.length; end++) {
    const { json, absentBytes = 0 } = events[end]!;
    bytes += absentBytes + json.length;
    fetched += absentBytes;
    const isTooMuch = bytes > pieceBytes || fetched > FETCH_BYTES;
    if (isTooMuch && end > start) return [end - start, bytes - absentBytes - json.length];
  }
  return [events.length - start, bytes];
}

/** Drops the JSON: a merge that is not complete may still hold the event. */
function strip(event: FoundEvent): void {
  event.absentBytes ||= event.json.length;
  event.json = NOTHING;
}

const NOTHING = new Uint8Array();

/** The events with their JSON; a promise only where some of it has to be read. */
function bodiesFor(
  piece: readonly FoundEvent[],
  bodiesOf: DeliveryOptions["bodiesOf"],
): readonly StoredEvent[] | Promise<readonly StoredEvent[]> {
  const absent = piece.filter(({ absentBytes = 0 }) => absentBytes > 0);
  if (absent.length === 0) return complete(piece, []);
  return bodiesOf(absent.map(({ id }) => id)).then((bodies) => complete(piece, bodies));
}

function complete(piece: readonly FoundEvent[], bodies: readonly Body[]): readonly StoredEvent[] {
  const jsons = new Map(bodies.map(({ id, json }) => [id, json]));
  return piece.flatMap(({ seq, id, createdAt, json, absentBytes }) => {
    const body = absentBytes ? jsons.get(id) : json;
    return body === undefined ? [] : { seq, id, createdAt, json: body };
  });
}

/** The bytes that one query holds. */
class Lease {
  readonly #options: DeliveryOptions;
  bytes = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Returns what is held, waits for the reader and then for bytes; undefined where neither takes time. */
  renew(bytes: number): Promise<void> | undefined {
    this.drop();
    const waiting = whenReady(this.#options);
    if (waiting !== undefined || !this.#options.memory.tryAcquire(bytes)) {
      return this.#acquire(bytes, waiting);
    }
    this.bytes = bytes;
    return undefined;
  }

  drop(): void {
    if (this.bytes === 0) return;
    this.#options.memory.release(this.bytes);
    this.bytes = 0;
  }

  async #acquire(bytes: number, waiting: Promise<void> | undefined): Promise<void> {
    const { memory, signal, source } = this.#options;
    await waiting;
    await memory.acquire(bytes, signal, source);
    this.bytes = bytes;
  }
}
