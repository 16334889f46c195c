/**
 * Encodes and decodes negentropy messages: varints, bounds and ranges.
 *
 * @see https://github.com/hoytech/negentropy/blob/master/docs/negentropy-protocol-v1.md
 * @module
 */

import { type Bound, ID_BYTES, INFINITY } from "./item_set.ts";

/** The protocol version, the first byte of a message. */
export const VERSION = 0x61;

/** The mode of a range. */
export const MODE = { skip: 0, fingerprint: 1, idList: 2 } as const;

/** Bytes of a fingerprint. */
export const FINGERPRINT_BYTES = 16;

/** A malformed message. Thrown inside this folder, and returned as a value outside of it. */
export class MessageFault {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Reads a message from the start. */
export class MessageReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #timestamp = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Another reader of the same message, at the same place. */
  copy(): MessageReader {
    const copy = new MessageReader(this.#bytes);
    [copy.#at, copy.#timestamp] = [this.#at, this.#timestamp];
    return copy;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    if (this.isAtEnd) throw new MessageFault("the message ends too early");
    return this.#bytes[this.#at++]!;
  }

  /** A view into the message. */
  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) {
      throw new MessageFault("the message ends too early");
    }
    return this.#bytes.subarray(this.#at, this.#at += length);
  }

  /** Base 128, most significant digit first; leading zeros are accepted. Inexact above 2^53. */
  varint(): number {
    let value = 0;
    for (let length = 1;; length++) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (length > 10 || value > 2 ** 64) throw new MessageFault("a number is too large");
      if ((byte & 0x80) === 0) return value;
    }
  }

  bound(): Bound {
    const delta = this.varint();
    this.#timestamp = delta === 0 ? Infinity : this.#timestamp + delta - 1;
    const length = this.varint();
    if (length > ID_BYTES) throw new MessageFault("an id is too long");
    return { timestamp: this.#timestamp, idPrefix: this.bytes(length) };
  }

  /**
   * Skips what a range has behind its bound. Returns its fingerprint, which is like none where it lists ids;
   * undefined where there is nothing to answer.
   */
  skipPayload(): Uint8Array | undefined {
    const mode = this.varint();
    if (mode === MODE.fingerprint) return this.bytes(FINGERPRINT_BYTES);
    if (mode !== MODE.idList) return undefined;
    this.bytes(this.varint() * ID_BYTES);
    return NO_FINGERPRINT;
  }
}

/** What stands for the fingerprint of a range that lists ids. */
const NO_FINGERPRINT = new Uint8Array();

/** Writes a message, range by range. */
export class MessageWriter {
  #bytes = new Uint8Array(1_024);
  #length = 0;
  #timestamp = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    this.#length = writeVarint(value, this.#bytes, this.#length);
  }

  bound({ timestamp, idPrefix }: Bound): void {
    if (timestamp === Infinity) this.varint(0);
    else this.varint(timestamp - this.#timestamp + 1);
    this.#timestamp = timestamp;
    this.varint(idPrefix.length);
    this.bytes(idPrefix);
  }

  /** The bytes written, as the whole message. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** The state to return to with {@link restore}. */
  save(): readonly [number, number] {
    return [this.#length, this.#timestamp];
  }

  /** Discards what was written since {@link save}. */
  restore([length, timestamp]: readonly [number, number]): void {
    this.#length = length;
    this.#timestamp = timestamp;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}

/** Enough for what the deltas of all ranges of a message add up to, each up to 2^64. */
export const MAX_VARINT_BYTES = 16;

/**
 * Writes a number in base 128, most significant digit first, all bytes but the last with the high bit set. Returns the
 * place after it.
 */
export function writeVarint(value: number, target: Uint8Array, at: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) end++;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    target[place] = rest % 128 + (place < end - 1 ? 0x80 : 0);
    rest = Math.floor(rest / 128);
  }
  return end;
}

/**
 * The shortest bound between two adjacent items.
 */
export function boundBetween(
  previous: { readonly timestamp: number; readonly id: Uint8Array },
  next: { readonly timestamp: number; readonly id: Uint8Array },
): Bound {
  if (previous.timestamp !== next.timestamp) {
    return { timestamp: next.timestamp, idPrefix: INFINITY.idPrefix };
  }
  let shared = 0;
  while (shared < ID_BYTES && previous.id[shared] === next.id[shared]) shared++;
  return { timestamp: next.timestamp, idPrefix: next.id.subarray(0, shared + 1) };
}
