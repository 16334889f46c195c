/**
 * UTF-8, concatenation, and bytes that are sent to many peers.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The length of {@link utf8} of `text`, computed without encoding it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // A surrogate pair is four bytes; a lone surrogate is three, those of U+FFFD.
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) at++;
  }
  return length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Decodes UTF-8; undefined when `bytes` are not valid. A byte order mark is kept, because inside a
 * message it is an ordinary character.
 */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Concatenates `parts`. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Bytes that are sent to many connections: an event's JSON is encoded once for all of them. A
 * transport that compresses stores the compressed form here, so that it too is made once and lives
 * as long.
 */
export class SharedBytes {
  /** The bytes, which must not be modified. */
  readonly bytes: Uint8Array;
  /** The same bytes as DEFLATE blocks, once a transport has compressed them. */
  deflated: Uint8Array | undefined = undefined;

  /** The bytes must not be modified afterwards. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** How many bytes are decoded in one call, which takes each as an argument. */
const LATIN1_CHUNK = 4_096;

/**
 * Decodes ISO-8859-1, as HTTP uses it. `TextDecoder("latin1")` is windows-1252 and decodes some
 * bytes to characters beyond U+00FF.
 *
 * @see RFC 9110 §5.5
 */
export function latin1Decode(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += LATIN1_CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + LATIN1_CHUNK));
  }
  return text;
}
