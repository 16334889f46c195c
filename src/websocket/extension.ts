/**
 * The interface of an extension: it changes messages on their way to and from the payload of frames.
 *
 * @see RFC 6455 §9
 * @module
 */

import type { SharedBytes } from "../base/bytes.ts";
import type { Fault } from "./fault.ts";
import type { ExtensionOffer } from "./header_list.ts";

/**
 * What client and server agreed to do to messages. A message that the extension has changed has RSV1
 * set on its first frame, which is all that the extensions in use need. No method waits.
 */
export interface Extension {
  /** Messages, and shared bodies, shorter than this many bytes are sent unchanged, without a call. */
  readonly minBytes: number;

  /**
   * The message that arrived as `payload`, its fragments joined. Never longer than
   * `maxMessageBytes`, and found to be too long before it is made.
   */
  decode(payload: Uint8Array, maxMessageBytes: number): Uint8Array | Fault;

  /** What to send instead of `message`; undefined to send it as it is. */
  encode(message: Uint8Array): Uint8Array | undefined;

  /**
   * The same for a message whose middle many connections share. The parts, good until the next
   * call, are sent one after the other as one payload; what depends on `body` alone is kept in it.
   */
  encodeShared(
    head: Uint8Array,
    body: SharedBytes,
    tail: Uint8Array,
  ): readonly Uint8Array[] | undefined;
}

/** An extension and how the response names it. */
export interface AgreedExtension {
  /** The extension as negotiated. */
  readonly extension: Extension;
  /** The value of `Sec-WebSocket-Extensions` in the response. */
  readonly header: string;
}

/** An extension that a client offers. */
export interface ExtensionRequest {
  /** The value of `Sec-WebSocket-Extensions` in the request. */
  readonly header: string;
  /** Reads the server's answer; undefined if it grants what was not offered. */
  accept(answers: readonly ExtensionOffer[]): Extension | undefined;
}
