/**
 * The body of an HTTP/1.1 request: bytes in, the content out.
 *
 * @see RFC 9112 §6, §7.1
 * @module
 */

import { concat } from "../../base/bytes.ts";
import type { BodyFraming, RequestFault } from "./request_head.ts";

/** The longest line between chunks, with the extensions that nobody uses, and the trailers' bound. */
const maxLineBytes = 1024;
/** Lines of trailers. They are read and dropped. */
const maxTrailers = 32;

/** Pieces of content that are kept before they are joined. */
const maxParts = 1024;

/** What {@link RequestBody.receive} made of some bytes. */
type BodyProgress =
  /** All were taken, and more must come. */
  | { readonly type: "more" }
  /** The body is whole; `length` bytes belonged to it. */
  | { readonly type: "whole"; readonly length: number }
  | RequestFault;

/** Gathers one body, as long as `maxBytes` allows. */
export class RequestBody {
  readonly #maxBytes: number;
  readonly #isChunked: boolean;
  #parts: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** Bytes of content that the length, or the chunk's size, still promises. */
  #missingBytes: number;
  /** What line comes when no content is missing. */
  #expects: "size" | "chunk-end" | "trailer" = "size";
  /** The line as far as it has come. */
  #line = "";
  #trailerCount = 0;

  constructor(framing: BodyFraming | undefined, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#isChunked = framing?.type === "chunked";
    this.#missingBytes = framing?.type === "length" ? framing.bytes : 0;
  }

  /** The content that has come. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.#parts);
  }

  /** Takes bytes that follow the head. After `whole` or a fault it is not called again. */
  receive(bytes: Uint8Array): BodyProgress {
    let at = 0;
    for (;;) {
      if (this.#gatheredBytes + this.#missingBytes > this.#maxBytes) return this.#tooLong();
      if (this.#missingBytes > 0) at += this.#takeContent(bytes, at);
      if (this.#missingBytes > 0) return { type: "more" };
      if (!this.#isChunked) return { type: "whole", length: at };
      const end = bytes.indexOf(10, at);
      const isWholeLine = end !== -1;
      const next = isWholeLine ? end + 1 : bytes.length;
      if (this.#line.length + next - at > maxLineBytes) return malformed;
      for (; at < next; at++) this.#line += String.fromCharCode(bytes[at]!);
      if (!isWholeLine) return { type: "more" };
      const ended = this.#takeLine();
      if (ended === "fault") return malformed;
      if (ended === "whole") return { type: "whole", length: at };
    }
  }

  #takeContent(bytes: Uint8Array, from: number): number {
    const taken = bytes.slice(from, from + this.#missingBytes);
    if (taken.length > 0) this.#parts.push(taken);
    // Chunks of one byte would cost a hundred bytes each.
    if (this.#parts.length >= maxParts) this.#parts = [concat(this.#parts)];
    this.#missingBytes -= taken.length;
    this.#gatheredBytes += taken.length;
    if (this.#isChunked && taken.length > 0 && this.#missingBytes === 0) {
      this.#expects = "chunk-end";
    }
    return taken.length;
  }

  #takeLine(): "on" | "whole" | "fault" {
    const line = this.#line;
    this.#line = "";
    if (!line.endsWith("\r\n")) return "fault";
    const text = line.slice(0, -2);
    if (this.#expects === "chunk-end") {
      this.#expects = "size";
      return text === "" ? "on" : "fault";
    }
    if (this.#expects === "trailer") {
      if (text === "") return "whole";
      return ++this.#trailerCount > maxTrailers ? "fault" : "on";
    }
    const size = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(text)?.[1];
    if (size === undefined) return "fault";
    this.#missingBytes = parseInt(size, 16);
    if (this.#missingBytes === 0) this.#expects = "trailer";
    return "on";
  }

  #tooLong(): RequestFault {
    return {
      type: "fault",
      status: 413,
      reason: `the body is longer than ${this.#maxBytes} bytes`,
    };
  }
}

const malformed: RequestFault = { type: "fault", status: 400, reason: "malformed chunks" };
