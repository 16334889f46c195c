/**
 * WebSocket frames, made before a load begins.
 *
 * @module
 */

import { concat, utf8 } from "../../src/base/bytes.ts";

/** A masked text frame whose key is 0, which leaves the payload as it is. */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  return frame(0x81, utf8(text));
}

/** A masked frame with this first byte. */
export function frame(first: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const wide = new Uint8Array(new Uint32Array([length]).buffer).reverse();
  const head = length < 126
    ? [first, 0x80 | length]
    : length < 65_536
    ? [first, 0xfe, length >> 8, length & 255]
    : [first, 0xff, 0, 0, 0, 0, ...wide];
  return concat([Uint8Array.from([...head, 0, 0, 0, 0]), payload]);
}

/** Many frames in one piece of shared memory, which a thread gets without a copy. */
export interface PackedFrames {
  readonly bytes: Uint8Array;
  /** Where each begins, and the end of the last. */
  readonly starts: Uint32Array;
}

/** The messages as text frames. */
export function packMessages(messages: readonly unknown[]): PackedFrames {
  const frames = messages.map((message) => textFrame(JSON.stringify(message)));
  const starts = new Uint32Array(frames.length + 1);
  frames.forEach(({ length }, at) => starts[at + 1] = starts[at]! + length);
  const bytes = new Uint8Array(new SharedArrayBuffer(starts.at(-1)!));
  frames.forEach((frame, at) => bytes.set(frame, starts[at]!));
  return { bytes, starts };
}

/** How many there are. */
export function frameCount({ starts }: PackedFrames): number {
  return starts.length - 1;
}

/** Frame `at`. */
export function frameOf({ bytes, starts }: PackedFrames, at: number): Uint8Array {
  return bytes.subarray(starts[at]!, starts[at + 1]!);
}
