/**
 * Splits a file of events into one text each, whatever way the file lists them.
 *
 * @see https://jsonlines.org
 * @module
 */

import { concat, utf8Decode } from "../../base/bytes.ts";
import { type Line, LineSplitter } from "./json_lines.ts";

/** Takes pieces of a file and gives the texts that end in them. */
interface Splitter {
  push(piece: Uint8Array): readonly Line[];
  /** The rest, when the file has ended. */
  end(): readonly Line[];
}

const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);
const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Splits JSON Lines, and JSON arrays of objects however they are broken into lines. The file is one of
 * arrays if it begins with one that does not begin with a string, as `["EVENT",…]` does. A byte order
 * mark is passed over, and the key `fried` of strfry's lines.
 */
export class EventSplitter implements Splitter {
  readonly #maxBytes: number;
  #head: Uint8Array = new Uint8Array();
  #splitter: Splitter | undefined;

  /** @param maxBytes of one text; longer ones are faults. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(piece: Uint8Array): readonly Line[] {
    if (this.#splitter !== undefined) return this.#splitter.push(piece);
    this.#head = concat([this.#head, piece]);
    const isArray = beginsWithArray(this.#head);
    // White space without an end is left to the splitter of lines, which does not hold it.
    if (isArray === undefined && this.#head.length <= this.#maxBytes) return [];
    return this.#begin(isArray === true).push(withoutMark(this.#head));
  }

  end(): readonly Line[] {
    if (this.#splitter !== undefined) return this.#splitter.end();
    const splitter = this.#begin(false);
    return [...splitter.push(withoutMark(this.#head)), ...splitter.end()];
  }

  #begin(isArray: boolean): Splitter {
    this.#splitter = isArray
      ? new ArraySplitter(this.#maxBytes)
      : new LineSplitter(this.#maxBytes, true);
    return this.#splitter;
  }
}

/** Undefined while too little is known. */
function beginsWithArray(bytes: Uint8Array): boolean | undefined {
  if (bytes.length < BYTE_ORDER_MARK.length) return undefined;
  const marks = withoutMark(bytes).filter((byte) => !isSpace(byte));
  if (marks.length === 0) return undefined;
  if (marks[0] !== OPEN_ARRAY) return false;
  return marks.length === 1 ? undefined : marks[1] !== QUOTE;
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  const hasMark = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte);
  return hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/**
 * Splits arrays into their elements. Each has the number of the line in which it begins. What is between
 * arrays is split into lines.
 */
class ArraySplitter implements Splitter {
  readonly #maxBytes: number;
  /** How many brackets and braces are open. */
  #depth = 0;
  /** How many of them are open around an element: 1 within an array. */
  #outer = 0;
  #isInString = false;
  #isEscaped = false;
  #line = 1;
  /** Of the element that has begun. */
  #firstLine = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(piece: Uint8Array): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!;
      if (this.#ends(byte)) {
        this.#hold(piece.slice(start, at));
        this.#complete(lines);
        start = at + 1;
      } else if (this.#heldBytes === 0 && start === at && isSpace(byte)) {
        start = at + 1;
      } else if (this.#heldBytes === 0 && start === at) {
        this.#firstLine = this.#line;
      }
      if (byte === LINE_FEED) this.#line++;
    }
    this.#hold(piece.slice(start));
    return lines;
  }

  end(): readonly Line[] {
    const lines: Line[] = [];
    this.#complete(lines);
    return lines;
  }

  /** Takes note of a byte, and says whether it stands between elements. */
  #ends(byte: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#isInString = false;
      return false;
    }
    const wasOutside = this.#depth === this.#outer;
    if (byte === QUOTE) this.#isInString = true;
    else if (byte === OPEN_OBJECT) this.#depth++;
    else if (byte === OPEN_ARRAY) {
      this.#depth++;
      if (wasOutside && this.#outer === 0) {
        this.#outer = 1;
        return true;
      }
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      this.#depth = Math.max(0, this.#depth - 1);
      if (this.#depth < this.#outer) {
        this.#outer = 0;
        return true;
      }
    }
    return wasOutside && byte === (this.#outer === 1 ? COMMA : LINE_FEED);
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxBytes) this.#held = [];
    else if (bytes.length > 0) this.#held.push(bytes);
  }

  #complete(lines: Line[]): void {
    const [bytes, tooLong] = [concat(this.#held), this.#heldBytes > this.#maxBytes];
    this.#held = [];
    this.#heldBytes = 0;
    const number = this.#firstLine;
    if (tooLong) {
      lines.push({ number, fault: `element is longer than ${this.#maxBytes} bytes` });
      return;
    }
    const text = utf8Decode(bytes)?.trim();
    if (text === undefined) lines.push({ number, fault: "element is not UTF-8" });
    else if (text !== "") lines.push({ number, text });
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}
