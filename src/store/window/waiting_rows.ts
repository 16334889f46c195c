/**
 * The events of an answer that wait until their reader takes them.
 *
 * @module
 */

import { KEY_DIGITS } from "../../nostr/hex.ts";
import type { StoredEvent } from "../event_store.ts";

/** How many events are given at a time, at most. */
const PIECE_EVENTS = 500;

/** Of an event, when it was created, its sequence number, and where its JSON is in its buffer. */
const FIELDS = 4;

/**
 * Gives the events of an answer in pieces. A reader who does not read keeps them for long, and there may be
 * thousands: all but the next ones take 72 bytes each besides their JSON, where objects take 300.
 */
export class WaitingRows {
  #ready: readonly StoredEvent[];
  readonly #rest: PackedRows | undefined;
  #at = 0;

  constructor(rows: readonly StoredEvent[]) {
    const isLong = rows.length > PIECE_EVENTS;
    // All are packed, because one may keep the ids of all.
    this.#ready = isLong ? [] : rows;
    this.#rest = isLong ? new PackedRows(rows) : undefined;
  }

  /** Whether all events were taken. */
  get isEmpty(): boolean {
    return this.#at === this.#ready.length && (this.#rest?.isEmpty ?? true);
  }

  /** The next events: at least one, and no more than so many bytes otherwise. */
  take(maxBytes: number): readonly StoredEvent[] {
    if (this.#at === this.#ready.length && this.#rest !== undefined) {
      this.#ready = this.#rest.take(PIECE_EVENTS);
      this.#at = 0;
    }
    const from = this.#at;
    let bytes = 0;
    for (const { json } of this.#ready.slice(from)) {
      bytes += json.length;
      if (bytes > maxBytes && this.#at > from) break;
      this.#at++;
    }
    return this.#ready.slice(from, this.#at);
  }
}

/** Events without objects of their own. */
class PackedRows {
  readonly #ids: Uint8Array;
  readonly #numbers: Float64Array;
  readonly #buffers: ArrayBufferLike[] = [];
  #at = 0;

  constructor(rows: readonly StoredEvent[]) {
    this.#ids = Uint8Array.fromHex(rows.map(({ id }) => id).join(""));
    this.#numbers = new Float64Array(FIELDS * rows.length);
    for (const [at, { createdAt, seq, json }] of rows.entries()) {
      this.#numbers.set([createdAt, seq, json.byteOffset, json.length], FIELDS * at);
      this.#buffers.push(json.buffer);
    }
  }

  get isEmpty(): boolean {
    return this.#at === this.#buffers.length;
  }

  /** The next `count` events, as far as there are any. */
  take(count: number): readonly StoredEvent[] {
    const rows: StoredEvent[] = [];
    const end = Math.min(this.#at + count, this.#buffers.length);
    for (; this.#at < end; this.#at++) {
      const from = KEY_DIGITS / 2 * this.#at;
      const [createdAt, seq, start, length] = this.#numbers.subarray(FIELDS * this.#at);
      rows.push({
        seq: seq!,
        id: this.#ids.subarray(from, from + KEY_DIGITS / 2).toHex(),
        createdAt: createdAt!,
        json: new Uint8Array(this.#buffers[this.#at]!, start, length),
      });
    }
    return rows;
  }
}
