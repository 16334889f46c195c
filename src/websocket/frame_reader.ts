/**
 * Splits a stream of bytes into parts of frames.
 *
 * What is wanted: payload reaches its message without a copy when a read holds the whole frame, as
 * nearly every read does; nothing is kept that a peer merely announced; a control frame comes in one
 * piece. So the reader keeps no payload of data frames at all. It cuts each read into parts, unmasks
 * them in place, and hands them on as they come; who wants the message whole collects it. What it
 * carries from one read to the next is a header or a control frame that was cut: 139 bytes at most.
 * Such a rest is joined with the next read by copying both, which costs one copy of one read per cut.
 *
 * @see RFC 6455 §5
 * @module
 */

import type { ProtocolLimits } from "./protocol.ts";
import { concat } from "../base/bytes.ts";
import { type Fault, faults } from "./fault.ts";
import { type DecodedHeader, decodeHeader, type FrameHeader, isControl, Opcode } from "./frame.ts";
import { mask } from "./mask.ts";

/** A frame, or as much of its payload as one read held. */
export interface FramePart {
  readonly type: "part";
  readonly header: FrameHeader;
  /** Unmasked. A view into the bytes that were fed. */
  readonly payload: Uint8Array;
  /** Whether this is the first part of the frame; it may be empty. */
  readonly starts: boolean;
  /** Whether the frame is complete with this part. Control frames always are. */
  readonly ends: boolean;
}

/** The options of a {@link FrameReader}. */
export interface FrameReaderOptions {
  /** Whether the peer must mask (a client does) or must not (a server). */
  readonly peerMasks: boolean;
  /** The longest payload of one frame, read with each header. */
  readonly limits: Pick<ProtocolLimits, "maxFrameBytes" | "maxMessageBytes">;
  /** The reserved bits that the agreed extension uses on the first frame of a message; zero for none. */
  readonly allowedRsv: number;
}

/** A source of frames: a {@link FrameReader}, or {@link discard}. */
export interface FrameSource {
  /** Takes the bytes of one read, which it unmasks in place. */
  feed(bytes: Uint8Array): void;
  /** The next part; undefined when the rest of the bytes fed so far does not hold one. */
  next(): FramePart | Fault | undefined;
}

/**
 * The reader that reads nothing. It replaces another when nothing more may be read, so that no flag
 * has to be asked.
 */
export const discard: FrameSource = { feed() {}, next: () => undefined };

const nothing = new Uint8Array(0);

/**
 * Cuts a stream of bytes into parts of frames and checks each header. After a fault it must not be
 * asked again.
 */
export class FrameReader implements FrameSource {
  readonly #options: FrameReaderOptions;
  /** The read that is being cut up, and how far that has come. */
  #bytes: Uint8Array = nothing;
  #at = 0;
  /** The data frame whose payload has not arrived whole, and how much of it has. */
  #open: DecodedHeader | undefined = undefined;
  #arrived = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  feed(bytes: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : concat([this.#bytes, bytes]);
    this.#at = 0;
  }

  next(): FramePart | Fault | undefined {
    if (this.#open !== undefined) {
      return this.#at < this.#bytes.length ? this.#part(this.#open, false) : this.#pauseHere();
    }
    const header = decodeHeader(this.#bytes, this.#at);
    if (header === undefined) return this.#pauseHere();
    if (header.type === "fault") return header;
    const fault = this.#headerFault(header);
    if (fault !== undefined) return fault;
    if (isControl(header.opcode) && this.#lacks(header)) return this.#pauseHere();
    this.#at += header.headerBytes;
    return this.#part(header, true);
  }

  /** The rules of §5.1 and §5.2 that depend on who reads and on what was agreed. */
  #headerFault(header: FrameHeader): Fault | undefined {
    const { peerMasks, limits, allowedRsv } = this.#options;
    if (header.rsv !== 0) {
      const startsMessage = header.opcode === Opcode.text || header.opcode === Opcode.binary;
      if (!startsMessage || (header.rsv & ~allowedRsv) !== 0) return faults.reservedBit;
    }
    if (header.masked !== peerMasks) {
      return peerMasks ? faults.unmaskedFrame : faults.maskedFrame;
    }
    const maxFrameBytes = limits.maxFrameBytes ?? limits.maxMessageBytes;
    return header.payloadBytes > maxFrameBytes && !isControl(header.opcode)
      ? faults.frameTooBig
      : undefined;
  }

  /** Whether some of the frame has not arrived. */
  #lacks(header: FrameHeader): boolean {
    return this.#bytes.length - this.#at < header.headerBytes + header.payloadBytes;
  }

  /** Takes what there is of the frame's payload. */
  #part(header: DecodedHeader, starts: boolean): FramePart {
    const phase = starts ? 0 : this.#arrived;
    const wanted = header.payloadBytes - phase;
    const end = Math.min(this.#at + wanted, this.#bytes.length);
    const payload = this.#bytes.subarray(this.#at, end);
    if (header.masked) mask(payload, header.maskKey, phase);
    this.#at = end;
    const ends = payload.length === wanted;
    this.#open = ends ? undefined : header;
    this.#arrived = phase + payload.length;
    return { type: "part", header, payload, starts, ends };
  }

  /** Keeps a copy of the rest, so that a few bytes do not hold the memory of a whole read. */
  #pauseHere(): undefined {
    this.#bytes = this.#at < this.#bytes.length ? this.#bytes.slice(this.#at) : nothing;
    this.#at = 0;
    return undefined;
  }
}
