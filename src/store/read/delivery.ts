/**
 * Handing out what was found, within a number of bytes that all queries share.
 *
 * A query claims room before it asks, and gives it back when what came was taken. It never holds a lease
 * while it waits for another one, or for who takes the answer: so none can keep another from its end.
 *
 * @module
 */

import type { Body, FoundEvent } from "./body_statement.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { QueryOptions, StoredEvent } from "../event_store.ts";
import { whenReady } from "./when_ready.ts";

/** How much is handed out at a time, bytes; one event may be longer. */
export const PIECE_BYTES = 1_048_576;

/** How much of that is fetched by id: such events are large, and a peer that asks for them may not read. */
export const FETCH_BYTES = 262_144;

/** With what an answer is delivered. */
export interface DeliveryOptions extends QueryOptions {
  readonly room: MemoryBudget;
  /** The most bytes of JSON that come along with what is found in one step. */
  readonly leaseBytes: number;
  /** Gives the JSON of those of these events that are still there. */
  readonly bodiesOf: (ids: readonly string[]) => Promise<readonly Body[]>;
}

/**
 * The events with their JSON, in pieces that have room. What was there when it was found and is gone when
 * its JSON is fetched is left out.
 *
 * @param found in chunks; between two of them it holds no JSON.
 */
export async function* deliver(
  found: AsyncGenerator<readonly FoundEvent[], void>,
  options: DeliveryOptions,
): AsyncGenerator<readonly StoredEvent[], void> {
  const lease = new Lease(options);
  try {
    for (;;) {
      await lease.renew(options.leaseBytes);
      const { done, value } = await found.next();
      if (done) return;
      yield* inPieces(value, lease, options);
    }
  } finally {
    lease.drop();
    await found.return();
  }
}

/** The first piece has room already if it is no larger than what was claimed for the whole chunk. */
async function* inPieces(
  chunk: readonly FoundEvent[],
  lease: Lease,
  { bodiesOf, pieceBytes, onLeftOut }: DeliveryOptions,
): AsyncGenerator<readonly StoredEvent[], void> {
  for (let start = 0, end = 0; start < chunk.length; start = end) {
    const [length, bytes] = measure(
      chunk,
      start,
      Math.min(pieceBytes?.() ?? PIECE_BYTES, PIECE_BYTES),
    );
    end = start + length;
    if (bytes > lease.bytes) {
      chunk.forEach(strip);
      await lease.renew(bytes);
    }
    const piece = await complete(chunk.slice(start, end), bodiesOf);
    chunk.forEach(strip);
    for (let absent = piece.length; absent < length; absent++) onLeftOut?.();
    if (piece.length > 0) yield piece;
    lease.drop();
  }
}

/** How many events the piece that begins at `start` has, at least one, and how many bytes. */
function measure(
  events: readonly FoundEvent[],
  start: number,
  pieceBytes: number,
): readonly [number, number] {
  let bytes = 0;
  let absent = 0;
  for (let end = start; end < events.length; end++) {
    const { json, absentBytes = 0 } = events[end]!;
    bytes += absentBytes + json.length;
    absent += absentBytes;
    const isTooMuch = bytes > pieceBytes || absent > FETCH_BYTES;
    if (isTooMuch && end > start) return [end - start, bytes - absentBytes - json.length];
  }
  return [events.length - start, bytes];
}

function bytesOf({ absentBytes, json }: FoundEvent): number {
  return absentBytes || json.length;
}

/** Whoever still knows the event, a merge that has not come to its end, no longer holds its JSON. */
function strip(event: FoundEvent): void {
  event.absentBytes = bytesOf(event);
  event.json = NOTHING;
}

const NOTHING = new Uint8Array();

async function complete(
  piece: readonly FoundEvent[],
  bodiesOf: DeliveryOptions["bodiesOf"],
): Promise<readonly StoredEvent[]> {
  const absent = piece.filter(({ absentBytes = 0 }) => absentBytes > 0);
  const bodies = absent.length === 0 ? [] : await bodiesOf(absent.map(({ id }) => id));
  const jsons = new Map(bodies.map(({ id, json }) => [id, json]));
  return piece.flatMap(({ seq, id, createdAt, json, absentBytes }) => {
    const body = absentBytes ? jsons.get(id) : json;
    return body === undefined ? [] : { seq, id, createdAt, json: body };
  });
}

/** The room that one query holds. */
class Lease {
  readonly #options: DeliveryOptions;
  bytes = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Gives back what is held; waits until the answer is wanted, and then for room. */
  async renew(bytes: number): Promise<void> {
    this.drop();
    const { room, signal, source } = this.#options;
    await whenReady(this.#options);
    await room.enter(bytes, signal, source);
    this.bytes = bytes;
  }

  drop(): void {
    if (this.bytes === 0) return;
    this.#options.room.leave(this.bytes);
    this.bytes = 0;
  }
}
