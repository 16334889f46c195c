/**
 * Builds WebSocket frames, valid or not, without the code under test.
 *
 * @module
 */

/** The fields of a frame. */
export interface RawFrame {
  readonly opcode: number;
  /** Text is encoded as UTF-8. Default: empty. */
  readonly payload?: Uint8Array | string;
  /** Default: true. */
  readonly fin?: boolean;
  /** RSV1 to RSV3 as a number. Default: 0. */
  readonly rsv?: number;
  /** The masking key; null for an unmasked frame. Default: 37 fa 21 3d. */
  readonly key?: readonly [number, number, number, number] | null;
  /** The size of the extended payload length: 0, 2 or 8. Default: the smallest possible. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** The payload length in the header. Default: that of the payload. */
  readonly announced?: bigint;
}

/**
 * The bytes of a frame.
 *
 * @example
 * ```ts
 * import { rawFrame } from "./raw_frame.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * // RFC 6455 §5.7: a single-frame masked text message with "Hello".
 * const hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
 * deepEqual([...rawFrame({ opcode: 1, payload: "Hello" })], hello);
 * ```
 */
export function rawFrame(frame: RawFrame): Uint8Array<ArrayBuffer> {
  const { opcode, payload = "", fin = true, rsv = 0 } = frame;
  const key = frame.key === undefined ? [0x37, 0xfa, 0x21, 0x3d] : frame.key;
  const clear = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const announced = frame.announced ?? BigInt(clear.length);
  const lengthBytes = frame.lengthBytes ?? (announced < 126n ? 0 : announced < 65_536n ? 2 : 8);
  const short = lengthBytes === 0 ? Number(announced) : lengthBytes === 2 ? 126 : 127;
  const bytes = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, (key === null ? 0 : 0x80) | short];
  for (let at = lengthBytes - 1; at >= 0; at--) {
    bytes.push(Number((announced >> BigInt(8 * at)) & 0xffn));
  }
  if (key !== null) bytes.push(...key);
  const head = bytes.length;
  const whole = new Uint8Array(head + clear.length);
  whole.set(bytes);
  clear.forEach((byte, at) => whole[head + at] = byte ^ (key?.[at % 4] ?? 0));
  return whole;
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: Uint8Array | string = ""): Uint8Array {
  const text = typeof reason === "string" ? new TextEncoder().encode(reason) : reason;
  return new Uint8Array([code >> 8, code & 0xff, ...text]);
}
