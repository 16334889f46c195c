/**
 * SHA-1, for the one thing that still needs it: the opening handshake. It proves there that the server
 * has read the key, and guards nothing, so that its age does no harm.
 *
 * The room is pure and its handshake synchronous, hence these few lines instead of an import.
 *
 * @see RFC 3174
 * @module
 */

/**
 * The 20-byte SHA-1 digest of `message`.
 *
 * @example
 * ```ts
 * import { sha1 } from "./sha1.ts";
 * import { equal } from "node:assert/strict";
 *
 * const digest = sha1(new TextEncoder().encode("abc"));
 * equal(digest.toHex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
 * ```
 */
export function sha1(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const padded = pad(message);
  const schedule = new Int32Array(80);
  for (let at = 0; at < padded.byteLength; at += 64) {
    for (let word = 0; word < 16; word++) schedule[word] = padded.getInt32(at + word * 4);
    expand(schedule);
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setInt32(index * 4, word));
  return new Uint8Array(digest.buffer);
}

/** RFC 3174 §4: a one bit, zeros, and the length in bits as the last eight bytes of whole blocks. */
function pad(message: Uint8Array): DataView {
  const blocks = Math.ceil((message.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  return view;
}

/** RFC 3174 §6.1 step b. */
function expand(words: Int32Array): void {
  for (let t = 16; t < 80; t++) {
    words[t] = rotateLeft(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
}

/** RFC 3174 §5, the constants of the four times twenty rounds. */
const constants = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** RFC 3174 §5, the functions of the same rounds. */
const functions = [choose, parity, majority, parity] as const;

/** RFC 3174 §6.1 steps c to e. */
function compress(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let t = 0; t < 80; t++) {
    const twenty = Math.floor(t / 20);
    const mixed = functions[twenty]!(b, c, d) + constants[twenty]!;
    const next = (rotateLeft(a, 5) + mixed + e + words[t]!) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = next;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function choose(b: number, c: number, d: number): number {
  return (b & c) | (~b & d);
}

function parity(b: number, c: number, d: number): number {
  return b ^ c ^ d;
}

function majority(b: number, c: number, d: number): number {
  return (b & c) | (b & d) | (c & d);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
