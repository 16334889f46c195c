/**
 * Splits a byte stream into lines of text.
 *
 * @see https://jsonlines.org
 * @module
 */

import { concat, utf8Decode } from "../../base/bytes.ts";

/**
 * A line that is not blank, or why it cannot be read. Numbers count from 1 and include blank lines.
 */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fault: string };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Splits chunks of bytes into lines that end in LF or CRLF. Blank lines are left out; the content
 * of a line over the limit is discarded.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #number = 0;
  /** The start of an incomplete line. Emptied once the line is too long. */
  #held: Uint8Array[] = [];
  /** Bytes of that line so far, including discarded ones. */
  #heldBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that end in this piece. */
  push(piece: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end; (end = piece.indexOf(LINE_FEED, start)) >= 0; start = end + 1) {
      this.#hold(piece.subarray(start, end));
      this.#complete(lines);
    }
    // Copied, because the caller may reuse its buffer.
    if (start < piece.length) this.#hold(piece.slice(start));
    return lines;
  }

  /** The last line, if it has no line end. */
  end(): readonly Line[] {
    const lines: Line[] = [];
    if (this.#heldBytes > 0) this.#complete(lines);
    return lines;
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxLineBytes) this.#held = [];
    else this.#held.push(bytes);
  }

  #complete(lines: Line[]): void {
    const number = ++this.#number;
    const [only, ...more] = this.#held;
    const tooLong = this.#heldBytes > this.#maxLineBytes;
    this.#held = [];
    this.#heldBytes = 0;
    if (tooLong) {
      lines.push({ number, fault: `line is longer than ${this.#maxLineBytes} bytes` });
    } else if (only !== undefined) {
      const line = readLine(number, more.length === 0 ? only : concat([only, ...more]));
      if (line !== undefined) lines.push(line);
    }
  }
}

/** Decodes a line; undefined if it is blank. */
function readLine(number: number, bytes: Uint8Array): Line | undefined {
  const text = utf8Decode(bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes);
  if (text === undefined) return { number, fault: "line is not UTF-8" };
  return /^\s*$/.test(text) ? undefined : { number, text };
}
