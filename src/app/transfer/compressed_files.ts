/**
 * Compresses and decompresses files whose name ends in `.gz` or `.zst`.
 *
 * @see RFC 1952 (gzip)
 * @see RFC 8878 (Zstandard)
 * @module
 */

import { pipeline } from "node:stream";
import { createGunzip, zstdCompressSync } from "node:zlib";
import { concat } from "../../base/bytes.ts";

/** The bytes of one frame of Zstandard, before compression. */
const FRAME_BYTES = 4_194_304;

/**
 * The bytes of a file, decompressed if the name of the file says so. A file may have several members
 * or frames, as `cat` makes them.
 *
 * Rejects if the file is cut off or not compressed at all. Ends `bytes` with itself.
 */
export async function* decompressed(
  path: string,
  bytes: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (path.endsWith(".gz")) yield* gunzip(bytes);
    else if (path.endsWith(".zst")) yield* (await import("./unzstd.ts")).unzstd(bytes);
    else yield* bytes;
  } finally {
    await bytes.return(undefined);
  }
}

/** Compresses what the name of the file says; any other file stays as it is. */
export function compressionFor(path: string): TransformStream<Uint8Array, Uint8Array> {
  if (path.endsWith(".gz")) {
    return new CompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>;
  }
  return path.endsWith(".zst") ? zstdStream() : new TransformStream();
}

/** Of the runtime's own streams, `DecompressionStream` takes one member only. */
function gunzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // Whoever reads it gets the error.
  return pipeline(bytes, createGunzip(), () => {});
}

/** Writes frames that each stand alone: one may be lost without the others. */
function zstdStream(): TransformStream<Uint8Array, Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const frame = () => {
    const whole = concat(held);
    held = [];
    heldBytes = 0;
    return zstdCompressSync(whole);
  };
  let isEmpty = true;
  return new TransformStream({
    transform(piece, controller) {
      held.push(piece);
      heldBytes += piece.length;
      if (heldBytes < FRAME_BYTES) return;
      controller.enqueue(frame());
      isEmpty = false;
    },
    flush(controller) {
      if (heldBytes > 0 || isEmpty) controller.enqueue(frame());
    },
  });
}
