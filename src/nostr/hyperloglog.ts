/**
 * Estimates how many distinct authors match, as HyperLogLog registers that clients can merge across
 * relays.
 *
 * Counts of two relays cannot be added, because most events are on both. Registers can be merged:
 * each holds the largest rank among the public keys assigned to it, so merging takes the larger
 * value. The client computes the estimate from the merged registers.
 *
 * @see NIP-45 "HyperLogLog"
 * @module
 */

import { assert } from "../base/assert.ts";
import { portableHashText } from "./event_id.ts";
import type { ReqFilter } from "./filter.ts";
import { isKey } from "./hex.ts";

/** Number of registers: one for each value of a byte. */
const REGISTER_COUNT = 256;

/**
 * How many bytes after the offset are scanned for leading zeros. NIP-45 sets no bound; with this
 * common one a register is at most 57. A scan without it differs once in 2^56 keys.
 */
export const SCANNED_BYTES = 7;

/** The offset is one of the bytes 8 to 23: proof of work biases the first ones. */
const FIRST_OFFSET = 8;

/** Position of the digit that gives the offset, in the 64 digits derived from a tag value. */
const OFFSET_DIGIT = 32;

/** The public key in an address, `kind:pubkey:d`. */
const ADDRESS = /^\d{1,5}:([0-9a-f]{64}):/;

/**
 * The offset in public keys for a filter; undefined when its counts cannot be merged. NIP-45 asks
 * for a tag condition and uses the first value of the first one. Here it must be the only value,
 * because the order of keys and values has no meaning in a filter.
 *
 * @see NIP-45 "HyperLogLog"
 */
export function hyperLogLogOffset({ tags, allTags, search }: ReqFilter): number | undefined {
  const [values, ...others] = tags.values();
  if (values?.size !== 1 || others.length > 0) return undefined;
  if (allTags !== undefined || search !== undefined) return undefined;
  const [value] = values;
  return FIRST_OFFSET + Number.parseInt(digitsOf(value!).charAt(OFFSET_DIGIT), 16);
}

function digitsOf(value: string): string {
  if (isKey(value)) return value;
  return ADDRESS.exec(value)?.[1] ?? portableHashText(value);
}

/**
 * Registers before any author is counted.
 *
 * @see NIP-45 "HyperLogLog"
 */
export function emptyRegisters(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(REGISTER_COUNT);
}

/**
 * Counts the author of an event.
 *
 * @param offset see {@link hyperLogLogOffset}
 *
 * @see NIP-45 "HyperLogLog"
 */
export function countAuthor(registers: Uint8Array, pubkey: string, offset: number): void {
  raiseRegisters(registers, pubkey.slice(2 * offset, 2 * offset + LOOKED_AT_DIGITS));
}

/** Hex digits of a key that are used: the byte that selects the register and those scanned. */
const LOOKED_AT_DIGITS = 2 * (1 + SCANNED_BYTES);

/**
 * Counts authors of whom only part of the key is known: the byte that selects the register and the
 * {@link SCANNED_BYTES} after it.
 *
 * @param keys these parts as hex, concatenated
 *
 * @see NIP-45 "HyperLogLog"
 */
export function raiseRegisters(registers: Uint8Array, keys: string): void {
  assert(keys.length % LOOKED_AT_DIGITS === 0, "parts of keys are of one length");
  for (let start = 0; start < keys.length; start += LOOKED_AT_DIGITS) {
    const register = Number.parseInt(keys.slice(start, start + 2), 16);
    const rarity = leadingZeroBits(keys.slice(start + 2, start + LOOKED_AT_DIGITS)) + 1;
    if (rarity > registers[register]!) registers[register] = rarity;
  }
}

/** Leading zero bits of a hex number. */
function leadingZeroBits(digits: string): number {
  for (let place = 0; place < digits.length; place++) {
    const digit = Number.parseInt(digits.charAt(place), 16);
    if (digit !== 0) return 4 * place + Math.clz32(digit) - 28;
  }
  return 4 * digits.length;
}
