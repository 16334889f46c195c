/**
 * Public keys as people write them.
 *
 * @see NIP-19
 * @module
 */

import { bech32 } from "@scure/base";

/** Longer ones are no keys. */
const MAX_LENGTH = 90;

/**
 * The key as 64 hex digits; undefined for what is none, such as an npub with a slip of the pen.
 */
export function readPublicKey(text: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  if (text.length > MAX_LENGTH) return undefined;
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    return prefix === "npub" && bytes.length === 32 ? bytes.toHex() : undefined;
  } catch {
    // Its checksum says so.
    return undefined;
  }
}

/**
 * Keys of a list of settings.
 *
 * @throws TypeError naming the first that is none
 */
export function readPublicKeys(name: string, texts: readonly string[]): readonly string[] {
  return texts.map((text) => {
    const key = readPublicKey(text);
    if (key === undefined) throw new TypeError(`${name}: ${text} is not a public key`);
    return key;
  });
}
