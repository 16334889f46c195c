/**
 * Takes out of a line what `strfry export --fried` adds to it: the last key, `fried`, with the columns
 * of its own index as hexadecimal digits.
 *
 * @see https://github.com/hoytech/strfry/blob/master/docs/fried.md
 * @module
 */

import { utf8 } from "../../base/bytes.ts";

const KEY = utf8(',"fried":"');
const [QUOTE, CLOSE_OBJECT] = [0x22, 0x7d];

/** The columns that every event has, 88 bytes, with the key, a quotation mark and CR. */
const COLUMNS_BYTES = 2 * 88 + KEY.length + 2;

/** The longest line whose event has `maxBytes`: each byte of a tag is two digits once more. */
export function friedLineBytes(maxBytes: number): number {
  return 3 * maxBytes + COLUMNS_BYTES;
}

/** The line without the key; the line itself if it has none. */
export function withoutFried(line: Uint8Array): Uint8Array {
  let at = line.length - 1;
  if (line[at--] !== CLOSE_OBJECT || line[at--] !== QUOTE) return line;
  while (at >= 0 && isHexDigit(line[at]!)) at--;
  const start = at + 1 - KEY.length;
  // A quotation mark within a string has a backslash before it, so this is no part of one.
  if (start < 0 || !KEY.every((byte, place) => line[start + place] === byte)) return line;
  const event = line.slice(0, start + 1);
  event[start] = CLOSE_OBJECT;
  return event;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}
