/**
 * Writes a stored DEFLATE block, which holds its bytes uncompressed. It starts and ends at a byte boundary,
 * so that it can be joined with blocks that were made before.
 *
 * @see RFC 1951 §3.2.4
 * @module
 */

import { assert } from "../base/assert.ts";

/** How long the header of a stored block is. */
export const storedHeaderBytes = 5;

/** How much one block holds, at most: its length is a number of 16 bits. */
export const maxStoredBytes = 0xffff;

/**
 * Writes the header of a block that is not final and holds `length` bytes: three zero bits, padding,
 * the length, and the length's complement.
 */
export function writeStoredHeader(target: Uint8Array, length: number): void {
  assert(length <= maxStoredBytes, "a stored block holds 65535 bytes at most");
  target[0] = 0;
  target[1] = length;
  target[2] = length >> 8;
  target[3] = ~length;
  target[4] = ~length >> 8;
}
