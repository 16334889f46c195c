/**
 * Compresses messages (permessage-deflate).
 *
 * Every message is deflated for itself, with an empty window before it, so that a connection keeps
 * nothing. It also means that what a message deflates to depends on the message alone: a body that goes
 * to a thousand connections is deflated once. DEFLATE lets blocks be strung together, so such a message
 * is what differs, in stored blocks, around the blocks that are shared:
 *
 * ```text
 *   stored(head)  blocks of the body, … 00 00 ff ff  stored(tail)  00
 * ```
 *
 * The last byte begins the empty block whose other four octets are not sent.
 *
 * @see RFC 7692 §7
 * @module
 */

import { concat, type SharedBytes } from "../base/bytes.ts";
import {
  deflateName,
  leastSendWindowBits,
  parseDeflateAnswer,
  parseDeflateOffer,
} from "./deflate_parameters.ts";
import type { AgreedExtension, Extension, ExtensionRequest } from "./extension.ts";
import { type Fault, faults } from "./fault.ts";
import type { ExtensionOffer } from "./header_list.ts";
import { maxStoredBytes, storedHeaderBytes, writeStoredHeader } from "./stored_block.ts";
import type { Zlib } from "./zlib.ts";

/** The options of the extension. */
export interface DeflateOptions {
  /** The port to zlib. */
  readonly zlib: Zlib;
  /**
   * Messages shorter than this many bytes are sent as they are; {@link defaultMinDeflateBytes} if not
   * given. A lower bound spends time on what hardly shrinks.
   */
  readonly minBytes?: number;
}

/** Deflating an answer of 100 bytes saves 20 bytes and takes 15 µs: not worth it for either end. */
export const defaultMinDeflateBytes = 256;

/**
 * The window for everything that goes out, as a power of two, where the peer takes one so large. Events
 * are shorter than 2^10 bytes nearly always and gain nothing from more; of prose of many kilobytes 2^13
 * makes 25 % where 2^9 makes 26 % in twice the time.
 */
export const sendWindowBits = 13;

/**
 * What RFC 7692 §7.2.2 has the receiver append, and then an empty final block of our own: a message
 * that lacks its end does not reach it, and so is found out.
 */
const missingOctets = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
const finalBlock = Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0xff);
const streamEnd = concat([missingOctets, finalBlock]);

/** What is sent of the last, empty block. */
const emptyBlockStart = Uint8Array.of(0x00);

/**
 * The extension, once it is agreed. It keeps nothing of a connection: all that agreed on the same
 * window may share one.
 */
export class PermessageDeflate implements Extension {
  readonly minBytes: number;
  readonly #zlib: Zlib;
  readonly #windowBits: number;
  /** Written anew for each message: to allocate them anew costs more than all the rest of it. */
  readonly #headHeader = new Uint8Array(storedHeaderBytes);
  readonly #tailHeader = new Uint8Array(storedHeaderBytes);

  /** `windowBits` is the largest window that the peer takes. */
  constructor(options: DeflateOptions & { readonly windowBits: number }) {
    const { zlib, windowBits, minBytes = defaultMinDeflateBytes } = options;
    this.#zlib = zlib;
    this.#windowBits = Math.min(windowBits, sendWindowBits);
    // A peer that asks for a smaller window than zlib has is sent everything uncompressed (allowed by §6).
    this.minBytes = windowBits < leastSendWindowBits ? Infinity : minBytes;
  }

  decode(payload: Uint8Array, maxMessageBytes: number): Uint8Array | Fault {
    const decoded = this.#zlib.inflate(concat([payload, streamEnd]), maxMessageBytes);
    if (decoded === "too big") return faults.messageTooBig;
    return decoded === "corrupt" ? faults.undecodablePayload : decoded;
  }

  encode(message: Uint8Array): Uint8Array | undefined {
    const blocks = this.#zlib.deflate(message, this.#windowBits);
    // §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    const payload = blocks.subarray(0, blocks.length - missingOctets.length);
    return payload.length < message.length ? payload : undefined;
  }

  encodeShared(
    head: Uint8Array,
    body: SharedBytes,
    tail: Uint8Array,
  ): readonly Uint8Array[] | undefined {
    const isUsual = this.#windowBits === sendWindowBits && head.length <= maxStoredBytes &&
      tail.length <= maxStoredBytes;
    if (!isUsual) return this.#encodeAlone([head, body.bytes, tail]);
    // A copy, as long as it has to be: it may be kept for long.
    body.deflated ??= this.#zlib.deflate(body.bytes, sendWindowBits).slice();
    if (body.deflated.length >= body.bytes.length) return undefined;
    writeStoredHeader(this.#headHeader, head.length);
    writeStoredHeader(this.#tailHeader, tail.length);
    return [this.#headHeader, head, body.deflated, this.#tailHeader, tail, emptyBlockStart];
  }

  /** For a peer whose window is too small for the shared form, and for what no stored block holds. */
  #encodeAlone(parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const payload = this.encode(concat(parts));
    return payload === undefined ? undefined : [payload];
  }
}

/**
 * The server's side of the negotiation, for {@link HandshakeOptions.chooseExtension}: the first offer
 * that can be met.
 *
 * @example
 * ```ts
 * import { nodeZlib } from "../net/zlib.ts";
 * import { parseExtensions } from "./header_list.ts";
 * import { acceptDeflate } from "./permessage_deflate.ts";
 * import { equal } from "node:assert/strict";
 *
 * const choose = acceptDeflate({ zlib: nodeZlib });
 * const agreed = choose(parseExtensions("permessage-deflate; client_max_window_bits")!);
 * equal(
 *   agreed?.header,
 *   "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
 * );
 * equal(choose(parseExtensions("permessage-deflate; server_max_window_bits=8")!), undefined);
 * ```
 * @see RFC 7692 §7.1
 */
export function acceptDeflate(
  options: DeflateOptions,
): (offers: readonly ExtensionOffer[]) => AgreedExtension | undefined {
  const usual = new PermessageDeflate({ ...options, windowBits: sendWindowBits });
  return (offers) => {
    for (const { name, parameters } of offers) {
      const offer = name === deflateName ? parseDeflateOffer(parameters) : undefined;
      if (offer === undefined) continue;
      const windowBits = offer.serverMaxWindowBits;
      if (windowBits === undefined) return { extension: usual, header: noContextTakeover };
      // §7.1.2.1: a server that cannot keep to the window declines.
      if (windowBits < leastSendWindowBits) continue;
      return {
        extension: new PermessageDeflate({ ...options, windowBits }),
        header: `${noContextTakeover}; server_max_window_bits=${windowBits}`,
      };
    }
    return undefined;
  };
}

/** §7.1.1.2 lets a server ask this of its client unasked; what comes in then needs no window either. */
const noContextTakeover = `${deflateName}; server_no_context_takeover; client_no_context_takeover`;

/**
 * The client's side: what it offers, and what it makes of the answer.
 *
 * @example
 * ```ts
 * import { nodeZlib } from "../net/zlib.ts";
 * import { parseExtensions } from "./header_list.ts";
 * import { offerDeflate } from "./permessage_deflate.ts";
 * import { equal } from "node:assert/strict";
 *
 * const { accept } = offerDeflate({ zlib: nodeZlib });
 * const granted = parseExtensions("permessage-deflate; server_no_context_takeover")!;
 * equal(accept(granted) === undefined, false);
 * // A server that keeps its window was not what was offered.
 * equal(accept(parseExtensions("permessage-deflate")!), undefined);
 * ```
 * @see RFC 7692 §7.1
 */
export function offerDeflate(options: DeflateOptions): ExtensionRequest {
  return {
    header: `${noContextTakeover}; client_max_window_bits`,
    accept(answers) {
      const [answer, second] = answers;
      if (answer?.name !== deflateName || second !== undefined) return undefined;
      const granted = parseDeflateAnswer(answer.parameters);
      // §7.1.1.1: a server that accepts the parameter says so in its answer.
      if (granted === undefined || !granted.serverNoContextTakeover) return undefined;
      const windowBits = granted.clientMaxWindowBits ?? sendWindowBits;
      return new PermessageDeflate({ ...options, windowBits });
    },
  };
}
