/**
 * DEFLATE blocks that hold their bytes as they are. They start and end at the border of a byte, so that
 * they can stand beside blocks that were made elsewhere and long before.
 *
 * @see RFC 1951 §3.2.4
 * @module
 */

/** A block's length is a number of 16 bits. */
const maxBlockBytes = 0xffff;

/** Three bits that say "not final, stored", padding, the length, and the length's complement. */
const blockHeaderBytes = 5;

/**
 * `bytes` as stored blocks, none of them final, with room for `spareBytes` zeros behind them. No bytes
 * make no block.
 *
 * @example
 * ```ts
 * import { storedBlocks } from "./stored_blocks.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const blocks = storedBlocks(new Uint8Array([104, 105]));
 * deepEqual([...blocks], [0x00, 0x02, 0x00, 0xfd, 0xff, 104, 105]);
 * ```
 */
export function storedBlocks(bytes: Uint8Array, spareBytes = 0): Uint8Array {
  const { length } = bytes;
  const count = Math.ceil(length / maxBlockBytes);
  const blocks = new Uint8Array(count * blockHeaderBytes + length + spareBytes);
  let end = 0;
  for (let at = 0; at < length; at += maxBlockBytes) {
    const held = length <= maxBlockBytes ? bytes : bytes.subarray(at, at + maxBlockBytes);
    writeHeader(blocks, end, held.length);
    blocks.set(held, end + blockHeaderBytes);
    end += blockHeaderBytes + held.length;
  }
  return blocks;
}

function writeHeader(blocks: Uint8Array, at: number, length: number): void {
  blocks[at + 1] = length;
  blocks[at + 2] = length >> 8;
  blocks[at + 3] = ~length;
  blocks[at + 4] = ~length >> 8;
}
