/**
 * Reads and writes the header of a frame: two bytes, an extended length where two bytes do not suffice,
 * and the client's masking key.
 *
 * @see RFC 6455 §5.2
 * @module
 */

import { type Fault, faults } from "./fault.ts";

/** What a frame is for. Bit 3 marks control frames. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** The value of RSV1 in {@link FrameHeader.rsv}: RFC 7692 lets it mark a compressed message. */
export const Rsv1 = 0b100;

/** What a control frame may carry, at most. */
export const maxControlBytes = 125;

/** The longest header: two bytes, eight of length, four of masking key. */
export const maxHeaderBytes = 14;

/** A frame without its payload. */
export interface FrameHeader {
  /** Whether this is the last frame of its message. */
  readonly fin: boolean;
  /** The three reserved bits as a number, RSV1 the highest. */
  readonly rsv: number;
  /** One of {@link Opcode}. */
  readonly opcode: number;
  readonly masked: boolean;
  /** The masking key, most significant byte first; zero when there is none. */
  readonly maskKey: number;
  /** Bytes of payload that follow. Beyond 2^53 rounded, which no limit lets through. */
  readonly payloadBytes: number;
  /** Bytes of the header itself. */
  readonly headerBytes: number;
}

/**
 * Whether frames of this opcode may stand between the fragments of a message.
 *
 * @see RFC 6455 §5.5 "Control frames are identified by opcodes where the most significant bit of the
 * opcode is 1."
 */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8;
}

/**
 * Reads the header that starts at `at`: undefined while bytes are missing, a fault as soon as what is
 * there cannot become a legal header. Rules that depend on the role, on limits or on extensions are
 * the reader's.
 */
export function decodeHeader(bytes: Uint8Array, at: number): DecodedHeader | Fault | undefined {
  const have = bytes.length - at;
  if (have < 2) return undefined;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  const fin = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const masked = (second & 0x80) !== 0;
  const shortLength = second & 0x7f;
  const fault = opcodeFault(opcode, fin, shortLength);
  if (fault !== undefined) return fault;

  const lengthEnd = 2 + extendedLengthBytes(shortLength);
  const headerBytes = masked ? lengthEnd + 4 : lengthEnd;
  if (have < lengthEnd) return undefined;
  const payloadBytes = decodeLength(bytes, at + 2, shortLength);
  if (typeof payloadBytes !== "number") return payloadBytes;
  if (have < headerBytes) return undefined;

  const maskKey = masked ? readUint32(bytes, at + lengthEnd) : 0;
  const rsv = (first >> 4) & 0b111;
  return { type: "header", fin, rsv, opcode, masked, maskKey, payloadBytes, headerBytes };
}

/** {@link FrameHeader} as {@link decodeHeader} gives it, told apart from a fault by `type`. */
export interface DecodedHeader extends FrameHeader {
  readonly type: "header";
}

/** How long the header of a frame with this much payload is. */
export function headerLength(payloadBytes: number, masked: boolean): number {
  const unmasked = payloadBytes < 126 ? 2 : payloadBytes < 0x10000 ? 4 : 10;
  return masked ? unmasked + 4 : unmasked;
}

/** What {@link encodeHeader} writes. */
export type HeaderFields = Omit<FrameHeader, "headerBytes">;

/**
 * Writes a header at `at`, with the shortest form of the length. `target` has room for
 * {@link headerLength} bytes there.
 */
export function encodeHeader(target: Uint8Array, at: number, header: HeaderFields): void {
  const { fin, rsv, opcode, masked, maskKey, payloadBytes } = header;
  const maskBit = masked ? 0x80 : 0;
  target[at] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  let end = at + 2;
  if (payloadBytes < 126) {
    target[at + 1] = maskBit | payloadBytes;
  } else if (payloadBytes < 0x10000) {
    target[at + 1] = maskBit | 126;
    target[at + 2] = payloadBytes >>> 8;
    target[at + 3] = payloadBytes;
    end = at + 4;
  } else {
    target[at + 1] = maskBit | 127;
    writeUint32(target, at + 2, Math.floor(payloadBytes / 2 ** 32));
    writeUint32(target, at + 6, payloadBytes >>> 0);
    end = at + 10;
  }
  if (masked) writeUint32(target, end, maskKey);
}

/** What can be wrong with the first two bytes alone. */
function opcodeFault(opcode: number, fin: boolean, shortLength: number): Fault | undefined {
  if (isControl(opcode)) {
    if (opcode > Opcode.pong) return faults.reservedOpcode;
    // §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
    // fragmented."
    if (!fin) return faults.fragmentedControl;
    if (shortLength > maxControlBytes) return faults.longControl;
    return undefined;
  }
  return opcode > Opcode.binary ? faults.reservedOpcode : undefined;
}

function extendedLengthBytes(shortLength: number): number {
  if (shortLength < 126) return 0;
  return shortLength === 126 ? 2 : 8;
}

/** §5.2: "in all cases, the minimal number of bytes MUST be used to encode the length". */
function decodeLength(bytes: Uint8Array, at: number, shortLength: number): number | Fault {
  if (shortLength < 126) return shortLength;
  if (shortLength === 126) {
    const length = (bytes[at]! << 8) | bytes[at + 1]!;
    return length < 126 ? faults.lengthNotMinimal : length;
  }
  // §5.2: "the most significant bit MUST be 0".
  if (bytes[at]! >= 0x80) return faults.lengthOutOfRange;
  const length = readUint32(bytes, at) * 2 ** 32 + readUint32(bytes, at + 4);
  return length < 0x10000 ? faults.lengthNotMinimal : length;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return ((bytes[at]! << 24) | low) >>> 0;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
