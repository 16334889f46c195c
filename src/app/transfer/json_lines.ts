/**
 * Splits a byte stream into lines of text.
 *
 * @see https://jsonlines.org
 * @module
 */

import { concat, utf8Decode } from "../../base/bytes.ts";
import { friedLineBytes, withoutFried } from "./fried_line.ts";

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
  readonly #mayBeFried: boolean;
  #number = 0;
  /** The start of an incomplete line. Emptied once the line is too long. */
  #held: Uint8Array[] = [];
  /** Bytes of that line so far, including discarded ones. */
  #heldBytes = 0;

  /** @param mayBeFried whether a key `fried` is taken out, and does not count for the length */
  constructor(maxLineBytes: number, mayBeFried = false) {
    this.#maxLineBytes = maxLineBytes;
    this.#mayBeFried = mayBeFried;
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
    if (this.#heldBytes > this.#maxHeldBytes) this.#held = [];
    else this.#held.push(bytes);
  }

  get #maxHeldBytes(): number {
    return this.#mayBeFried ? friedLineBytes(this.#maxLineBytes) : this.#maxLineBytes;
  }

  #complete(lines: Line[]): void {
    const number = ++this.#number;
    const [bytes, fits] = [this.#takeHeld(), this.#heldBytes <= this.#maxHeldBytes];
    this.#heldBytes = 0;
    if (!fits || bytes.length > this.#maxLineBytes) {
      lines.push({ number, fault: `line is longer than ${this.#maxLineBytes} bytes` });
      return;
    }
    const line = readLine(number, bytes);
    if (line !== undefined) lines.push(line);
  }

  #takeHeld(): Uint8Array {
    const [only, ...more] = this.#held;
    const bytes = only !== undefined && more.length === 0 ? only : concat(this.#held);
    this.#held = [];
    return this.#mayBeFried ? withoutFried(withoutReturn(bytes)) : bytes;
  }
}

/** The lines of a whole stream. */
export async function* linesIn(
  pieces: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Line, void> {
  const splitter = new LineSplitter(maxLineBytes);
  for await (const piece of pieces) yield* splitter.push(piece);
  yield* splitter.end();
}

/** Decodes a line; undefined if it is blank. */
function readLine(number: number, bytes: Uint8Array): Line | undefined {
  const text = utf8Decode(withoutReturn(bytes));
  if (text === undefined) return { number, fault: "line is not UTF-8" };
  return /^\s*$/.test(text) ? undefined : { number, text };
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}
