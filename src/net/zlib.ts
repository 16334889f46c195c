/**
 * The runtime's zlib as the port that compression asks for.
 *
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import type { Zlib } from "../websocket/zlib.ts";

/**
 * Measured on events: level 1 makes 95 % of them, level 3 makes 67 %, and from there on only the time
 * grows. A memory level of 5, some 16 KiB while the call lasts, makes the same as the 256 KiB of 8.
 */
const deflateSettings = { level: 3, memLevel: 5, finishFlush: constants.Z_SYNC_FLUSH } as const;

/** Bounds of the first piece of memory that a call makes. What does not fit costs another. */
const minChunkBytes = 1024;
const maxChunkBytes = 64 * 1024;

/** What text is inflated to, at a guess. */
const usualRatio = 4;

/**
 * How many DEFLATE streams one message may consist of. Each costs a call, however short it is, and
 * a sender that flushes with final blocks makes one for each flush.
 */
const maxStreams = 16;

/**
 * DEFLATE as the runtime does it, at once: for a message, a call to another thread costs more than the
 * work.
 *
 * @example
 * ```ts
 * import { utf8, utf8Decode } from "../base/bytes.ts";
 * import { nodeZlib } from "./zlib.ts";
 * import { equal } from "node:assert/strict";
 *
 * const blocks = nodeZlib.deflate(utf8("again and ".repeat(20)), 12);
 * equal(blocks.length < 30, true);
 * const end = [0x01, 0x00, 0x00, 0xff, 0xff];
 * const inflated = nodeZlib.inflate(new Uint8Array([...blocks, ...end]), 1000);
 * equal(typeof inflated === "string" || utf8Decode(inflated)?.length, 200);
 * ```
 */
export const nodeZlib: Zlib = {
  deflate(bytes, windowBits) {
    const chunkSize = chunkBytes(bytes.length);
    return withoutBuffer(deflateRawSync(bytes, { ...deflateSettings, windowBits, chunkSize }));
  },

  inflate(blocks, maxBytes) {
    const streams: Uint8Array[] = [];
    let madeBytes = 0;
    for (let at = 0; at < blocks.length;) {
      if (streams.length === maxStreams) return "corrupt";
      const stream = inflateStream(blocks.subarray(at), maxBytes - madeBytes);
      if (typeof stream === "string") return stream;
      streams.push(stream.made);
      madeBytes += stream.made.length;
      at += stream.takenBytes;
    }
    return streams.length === 1 ? streams[0]! : concat(streams);
  },
};

/** One stream, and how many of the bytes it took. */
interface InflatedStream {
  readonly made: Uint8Array;
  readonly takenBytes: number;
}

function inflateStream(
  bytes: Uint8Array,
  maxBytes: number,
): InflatedStream | "too big" | "corrupt" {
  // Zero is no limit that zlib takes.
  const maxOutputLength = Math.max(1, maxBytes);
  const chunkSize = chunkBytes(bytes.length * usualRatio);
  try {
    const stream = inflateWithInfo(bytes, { maxOutputLength, chunkSize, info: true });
    return stream.made.length > maxBytes ? "too big" : stream;
  } catch (error) {
    if (hasCode(error, "ERR_BUFFER_TOO_LARGE")) return "too big";
    if (hasCode(error, "Z_DATA_ERROR") || hasCode(error, "Z_BUF_ERROR")) return "corrupt";
    throw error;
  }
}

/** Asked for `info`, the function gives another type than the one it declares. */
function inflateWithInfo(...args: Parameters<typeof inflateRawSync>): InflatedStream {
  const result: unknown = inflateRawSync(...args);
  assert(isInflated(result), "zlib tells how much of its input it took");
  return { made: withoutBuffer(result.buffer), takenBytes: result.engine.bytesWritten };
}

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function isInflated(result: unknown): result is Inflated {
  return typeof result === "object" && result !== null && "engine" in result;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** The `slice` of a Buffer shares memory where that of a Uint8Array copies. */
function withoutBuffer({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function chunkBytes(expectedBytes: number): number {
  return Math.min(Math.max(minChunkBytes, expectedBytes), maxChunkBytes);
}
