/**
 * The JSON of the events in the window, end to end in chunks.
 *
 * @module
 */

import { grown, NONE, roomFor } from "./typed_arrays.ts";

/** The size of a chunk, bytes. A reader that holds a body keeps its whole chunk in memory. */
const CHUNK_BYTES = 32_768;

/** A body that is longer has a chunk of its own. */
const MAX_SHARED_BYTES = CHUNK_BYTES / 4;

/** Memory of a chunk besides its bytes. */
const CHUNK_COST = 400;

/** Of a body, its chunk, where it starts there, its length, and the slot of the body before it in the chunk. */
const FIELDS = 4;
const CHUNK = 0;
const START = 1;
const LENGTH = 2;
const BEFORE = 3;

/** Bytes that are written once and never changed, as others may be reading them. */
interface Chunk {
  readonly bytes: Uint8Array;
  /** What {@link bytes} are a view of, all of it. */
  readonly buffer: ArrayBuffer;
  /** How much is written. */
  used: number;
  /** How much of that belongs to bodies that are still here. */
  live: number;
  /** The slot of the last body in it; each is linked to the one before. */
  last: number;
}

/**
 * Keeps bodies under the slots of their events, without an object for each. What is deleted frees its
 * chunk, once a quarter of it is free and the rest has been copied elsewhere. Nothing is overwritten.
 */
export class Bodies {
  readonly #chunks: (Chunk | undefined)[] = [];
  readonly #free: number[] = [];
  /** The chunk that is written to; {@link NONE} if there is none. */
  #open = NONE;
  /** Of each slot, four numbers side by side. */
  #places = new Int32Array(FIELDS * roomFor(0));
  #bytes = 0;

  /** The memory that the bodies take, those included that are deleted and whose chunks are still here, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A view of a body. It stays as it is when the body is deleted. */
  get(slot: number): Uint8Array {
    const at = FIELDS * slot;
    const { buffer } = this.#chunks[this.#places[at + CHUNK]!]!;
    return new Uint8Array(buffer, this.#places[at + START]!, this.#places[at + LENGTH]!);
  }

  /** Keeps a body for a slot that has none. */
  add(slot: number, body: Uint8Array): void {
    const at = FIELDS * slot;
    if (at >= this.#places.length) {
      this.#places = grown(Int32Array, this.#places, FIELDS * roomFor(slot + 1));
    }
    const number = this.#chunkFor(body.length);
    const chunk = this.#chunks[number]!;
    this.#places[at + CHUNK] = number;
    this.#places[at + START] = chunk.used;
    this.#places[at + LENGTH] = body.length;
    this.#places[at + BEFORE] = chunk.last;
    chunk.bytes.set(body, chunk.used);
    chunk.last = slot;
    chunk.used += body.length;
    chunk.live += body.length;
    this.#bytes += body.length;
  }

  /** Deletes the body of a slot. */
  delete(slot: number): void {
    const number = this.#places[FIELDS * slot + CHUNK]!;
    const chunk = this.#chunks[number]!;
    chunk.live -= this.#places[FIELDS * slot + LENGTH]!;
    this.#unlink(chunk, slot);
    if (number === this.#open) {
      if (chunk.live > 0) return;
      this.#open = NONE;
    }
    this.#tidy(number);
  }

  #unlink(chunk: Chunk, slot: number): void {
    if (chunk.last === slot) chunk.last = this.#places[FIELDS * slot + BEFORE]!;
    else {
      let after = chunk.last;
      while (this.#places[FIELDS * after + BEFORE] !== slot) {
        after = this.#places[FIELDS * after + BEFORE]!;
      }
      this.#places[FIELDS * after + BEFORE] = this.#places[FIELDS * slot + BEFORE]!;
    }
  }

  /** Gives a chunk up where a quarter of it is free or all that it has, and copies what is left in it to another. */
  #tidy(number: number): void {
    const chunk = this.#chunks[number]!;
    if (chunk.live > 0 && chunk.used - chunk.live < chunk.bytes.length / 4) return;
    this.#chunks[number] = undefined;
    this.#free.push(number);
    this.#bytes -= chunk.used + CHUNK_COST;
    for (let slot = chunk.last; slot !== NONE;) {
      const before = this.#places[FIELDS * slot + BEFORE]!;
      const start = this.#places[FIELDS * slot + START]!;
      this.add(slot, chunk.bytes.subarray(start, start + this.#places[FIELDS * slot + LENGTH]!));
      slot = before;
    }
  }

  #chunkFor(length: number): number {
    if (length > MAX_SHARED_BYTES) return this.#newChunk(length);
    const full = this.#open;
    if (full !== NONE && this.#chunks[full]!.used + length <= CHUNK_BYTES) return full;
    this.#open = this.#newChunk(CHUNK_BYTES);
    // What is copied from there leaves room for this one, as it is three quarters at most.
    if (full !== NONE) this.#tidy(full);
    return this.#open;
  }

  #newChunk(length: number): number {
    const number = this.#free.pop() ?? this.#chunks.length;
    const bytes = new Uint8Array(length);
    this.#chunks[number] = { bytes, buffer: bytes.buffer, used: 0, live: 0, last: NONE };
    this.#bytes += CHUNK_COST;
    return number;
  }
}
