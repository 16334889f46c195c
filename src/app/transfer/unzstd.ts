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
 * The largest window of a frame, as of `zstd` itself unless it is told otherwise. The decoder holds that much
 * in memory, and fills it with the first block, so that a file of 100 bytes could take 2 GB.
 *
 * @see RFC 8878 §3.1.1.1.2
 */
const MAX_WINDOW_BYTES = 134_217_728;

/**
 * Decompresses frames of Zstandard. Rejects if they are cut off, are none, or need more memory than the
 * program itself takes by default. Checksums are not looked at: an event has its id.
 */
export async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let isEmpty = true;
  const decoder = new Decompress((piece) => void pieces.push(piece));
  const windows = new WindowWatch();
  for await (const read of bytes) {
    for (let start = 0; start < read.length; start += SLICE_BYTES) {
      isEmpty = false;
      // Copied, because the decoder keeps it and the caller may reuse its buffer.
      const slice = read.slice(start, start + SLICE_BYTES);
      windows.look(slice);
      decoder.push(slice);
      yield* pieces;
      pieces = [];
    }
  }
  if (isEmpty) throw new Error("unexpected EOF");
  decoder.push(new Uint8Array(), true);
  yield* pieces;
}

const MAGIC = 0xfd2fb528;
/** The first of 16 magic numbers of frames that are skipped. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const [FRAME_HEAD_BYTES, BLOCK_HEAD_BYTES, SKIPPABLE_HEAD_BYTES] = [5, 3, 8];
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CHECKSUM_BYTES = 4;
/** A block of one byte that is repeated. */
const REPEATED = 1;

/**
 * Follows the frames of a file from head to head, and refuses one whose window is too large. What is no
 * frame is left to the decoder.
 *
 * @see RFC 8878 §3.1
 */
class WindowWatch {
  /** The head that is being read, of a frame or of a block. */
  #head: number[] = [];
  #isInFrame = false;
  #hasChecksum = false;
  /** Bytes until the next head. */
  #skip = 0;

  /** Looks at the next bytes of the file. Throws for a window that is too large. */
  look(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === bytes.length) return;
      this.#head.push(bytes[at++]!);
      if (this.#isInFrame) this.#lookAtBlock();
      else this.#lookAtFrame();
    }
  }

  #lookAtBlock(): void {
    if (this.#head.length < BLOCK_HEAD_BYTES) return;
    const head = number(this.#head);
    const [isLast, type, size] = [(head & 1) === 1, (head >> 1) & 3, head >> 3];
    this.#head = [];
    this.#isInFrame = !isLast;
    this.#skip = (type === REPEATED ? 1 : size) +
      (isLast && this.#hasChecksum ? CHECKSUM_BYTES : 0);
  }

  #lookAtFrame(): void {
    const head = this.#head;
    if (head.length < FRAME_HEAD_BYTES) return;
    const magic = number(head.slice(0, 4));
    if (magic - magic % 16 === SKIPPABLE_MAGIC) {
      if (head.length < SKIPPABLE_HEAD_BYTES) return;
      [this.#head, this.#skip] = [[], number(head.slice(4))];
      return;
    }
    if (magic !== MAGIC) return void (this.#skip = Infinity);
    const windowBytes = windowOf(head);
    if (windowBytes === undefined) return;
    if (windowBytes > MAX_WINDOW_BYTES) {
      throw new Error(
        `needs ${windowBytes} bytes of memory, more than ${MAX_WINDOW_BYTES}: compress it without --long`,
      );
    }
    [this.#head, this.#isInFrame] = [[], true];
    this.#hasChecksum = (head[4]! & 4) !== 0;
  }
}

/** The window that the head of a frame asks for, bytes; undefined while the head is incomplete. */
function windowOf(head: readonly number[]): number | undefined {
  const descriptor = head[4]!;
  const [isSingle, sizeFlag] = [(descriptor & 32) !== 0, descriptor >> 6];
  const sizeBytes = sizeFlag === 0 ? Number(isSingle) : 1 << sizeFlag;
  const sizeAt = FRAME_HEAD_BYTES + Number(!isSingle) + DICTIONARY_ID_BYTES[descriptor & 3]!;
  if (head.length < sizeAt + sizeBytes) return undefined;
  // All of the content is the window then.
  if (isSingle) return number(head.slice(sizeAt)) + (sizeBytes === 2 ? 256 : 0);
  const [exponent, mantissa] = [head[FRAME_HEAD_BYTES]! >> 3, head[FRAME_HEAD_BYTES]! & 7];
  return 2 ** (10 + exponent) * (1 + mantissa / 8);
}

/** Of bytes with the least significant one first. */
function number(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
