/**
 * All protocol faults of a peer, in one table.
 *
 * @see RFC 6455 §7.1.7 "Fail the WebSocket Connection"
 * @module
 */

import { CloseCode } from "./close_code.ts";

/** A protocol fault of the peer: a value, never thrown. */
export interface Fault {
  /** Tells it from an answer that is good. */
  readonly type: "fault";
  /** Stable: metrics and logs count by it. */
  readonly name: string;
  /** The close code. */
  readonly closeCode: number;
  /** For people, and for the close frame's reason. */
  readonly sentence: string;
  /** The sentence of the standard that was violated, or that allows the refusal. */
  readonly clause: string;
}

/** The faults by name. */
export const faults = {
  reservedBit: protocolError(
    "reserved-bit",
    "a reserved bit is set that no extension gives a meaning",
    "RFC 6455 §5.2",
  ),
  reservedOpcode: protocolError("reserved-opcode", "this opcode has no meaning", "RFC 6455 §5.2"),
  unmaskedFrame: protocolError(
    "unmasked-frame",
    "a client must mask every frame",
    "RFC 6455 §5.1",
  ),
  maskedFrame: protocolError("masked-frame", "a server must not mask frames", "RFC 6455 §5.1"),
  lengthNotMinimal: protocolError(
    "length-not-minimal",
    "the payload length takes more bytes than it needs",
    "RFC 6455 §5.2",
  ),
  lengthOutOfRange: protocolError(
    "length-out-of-range",
    "the most significant bit of a 64-bit length must be zero",
    "RFC 6455 §5.2",
  ),
  fragmentedControl: protocolError(
    "fragmented-control",
    "a control frame must not be fragmented",
    "RFC 6455 §5.5",
  ),
  longControl: protocolError(
    "long-control",
    "a control frame carries 125 bytes at most",
    "RFC 6455 §5.5",
  ),
  loneContinuation: protocolError(
    "lone-continuation",
    "there is no message to continue",
    "RFC 6455 §5.4",
  ),
  interruptedMessage: protocolError(
    "interrupted-message",
    "a message began before the last one ended",
    "RFC 6455 §5.4",
  ),
  shortClose: protocolError(
    "short-close",
    "a close frame carries no code or two bytes of it",
    "RFC 6455 §5.5.1",
  ),
  invalidCloseCode: protocolError(
    "invalid-close-code",
    "this close code must not be sent",
    "RFC 6455 §7.4",
  ),
  invalidCloseReason: invalidPayload(
    "invalid-close-reason",
    "the close reason is not UTF-8",
    "RFC 6455 §5.5.1",
  ),
  invalidUtf8: invalidPayload("invalid-utf8", "the text is not UTF-8", "RFC 6455 §8.1"),
  undecodablePayload: invalidPayload(
    "undecodable-payload",
    "the agreed extension cannot decode the payload",
    "RFC 7692 §6.2",
  ),
  frameTooBig: tooBig("frame-too-big", "the frame is longer than is allowed here"),
  messageTooBig: tooBig("message-too-big", "the message is longer than is allowed here"),
} as const satisfies Readonly<Record<string, Fault>>;

function protocolError(name: string, sentence: string, clause: string): Fault {
  return { type: "fault", name, closeCode: CloseCode.protocolError, sentence, clause };
}

function invalidPayload(name: string, sentence: string, clause: string): Fault {
  return { type: "fault", name, closeCode: CloseCode.invalidPayload, sentence, clause };
}

function tooBig(name: string, sentence: string): Fault {
  const clause = "RFC 6455 §10.4";
  return { type: "fault", name, closeCode: CloseCode.messageTooBig, sentence, clause };
}
