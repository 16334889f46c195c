/**
 * Decompresses Zstandard.
 *
 * `node:zlib` of Deno 2.9.5 can do it too, but takes a file that is cut off for a whole one, and leaves
 * out the second of two frames that arrive in one piece.
 *
 * @see RFC 8878
 * @module
 */

import { Decompress } from "fzstd";

/**
 * How much is decompressed at a time. A block of 4 bytes may hold 128 KiB, so the result takes 16 MiB at
 * most.
 */
const SLICE_BYTES = 512;

/**
 * Decompresses frames of Zstandard. Rejects if they are cut off, or are none. Checksums are not looked
 * at: an event has its id.
 */
export async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let isEmpty = true;
  const decoder = new Decompress((piece) => void pieces.push(piece));
  for await (const read of bytes) {
    for (let start = 0; start < read.length; start += SLICE_BYTES) {
      isEmpty = false;
      // Copied, because the decoder keeps it and the caller may reuse its buffer.
      decoder.push(read.slice(start, start + SLICE_BYTES));
      yield* pieces;
      pieces = [];
    }
  }
  if (isEmpty) throw new Error("unexpected EOF");
  decoder.push(new Uint8Array(), true);
  yield* pieces;
}
