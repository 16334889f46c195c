/**
 * DEFLATE blocks that hold their bytes as they are. They start and end at the border of a byte, so that
 * they can stand beside blocks that were made elsewhere and long before.
 *
 * @see RFC 1951 §3.2.4
 * @module
 */

/** A block's length is a number of 16 bits. */
const maxBlockBytes = 0xffff;

/**
 * `bytes` as stored blocks, none of them final: the parts of each, its header and a view of what it
 * holds. No bytes make no block.
 *
 * @example
 * ```ts
 * import { storedBlocks } from "./stored_blocks.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const [header, held] = storedBlocks(new Uint8Array([104, 105]));
 * deepEqual([...header!], [0x00, 0x02, 0x00, 0xfd, 0xff]);
 * deepEqual([...held!], [104, 105]);
 * ```
 */
export function storedBlocks(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length === 0) return [];
  if (bytes.length <= maxBlockBytes) return [blockHeader(bytes.length), bytes];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += maxBlockBytes) {
    const held = bytes.subarray(at, at + maxBlockBytes);
    parts.push(blockHeader(held.length), held);
  }
  return parts;
}

/** Three zero bits (not final, stored), padding, the length, and the length's complement. */
function blockHeader(length: number): Uint8Array {
  return Uint8Array.of(0, length, length >> 8, ~length, ~length >> 8);
}
