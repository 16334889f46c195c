/**
 * Reads public keys given as npub or hex.
 *
 * @see NIP-19
 * @module
 */

import { bech32 } from "@scure/base";

/** The length limit of bech32. */
const MAX_LENGTH = 90;

/** The key as 64 hex digits; undefined for anything else, such as an npub with a wrong checksum. */
export function readPublicKey(text: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  if (text.length > MAX_LENGTH) return undefined;
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    return prefix === "npub" && bytes.length === 32 ? bytes.toHex() : undefined;
  } catch {
    // Not bech32, or a wrong checksum.
    return undefined;
  }
}

/**
 * Reads the keys of a list setting.
 *
 * @throws TypeError naming the first that is invalid
 */
export function readPublicKeys(name: string, texts: readonly string[]): readonly string[] {
  return texts.map((text) => {
    const key = readPublicKey(text);
    if (key === undefined) throw new TypeError(`${name}: ${text} is not a public key`);
    return key;
  });
}
