/**
 * Messages that two WebSocket implementations must transmit unchanged.
 *
 * @module
 */

/** Compressible text of about `length` bytes, with multi-byte characters. */
export function prose(length: number): string {
  const sentence = "Words, words, words: größer 世界 🎉 and on. ";
  return sentence.repeat(Math.ceil(length / new TextEncoder().encode(sentence).length));
}

/** Incompressible bytes, the same each time. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 0x9e3779b9;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** From empty to 10 MB, on both sides of each boundary between length encodings. */
export const conversation: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  "",
  "hello",
  prose(125),
  prose(126),
  prose(1000),
  prose(65_535),
  prose(65_536),
  new Uint8Array(0),
  noise(125),
  noise(126),
  noise(70_000),
  new Uint8Array(300_000),
  prose(10_000_000),
  noise(10_000_000),
];
