/**
 * Reads keys given as npub, nsec or hex, and writes them so.
 *
 * @see NIP-19
 * @module
 */

import { bech32 } from "@scure/base";
import type { JsonObject } from "../../nostr/json.ts";

/** The length limit of bech32. */
const MAX_LENGTH = 90;

/** The order of secp256k1. Secret keys are smaller. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The key as 64 hex digits; undefined for anything else, such as an npub with a wrong checksum. */
export function readPublicKey(text: string): string | undefined {
  return readKey(text, "npub");
}

/**
 * The secret key as 32 bytes; undefined for anything else, such as a number that is no secret key
 * of secp256k1.
 */
export function readSecretKey(text: string): Uint8Array | undefined {
  const hex = readKey(text, "nsec");
  if (hex === undefined) return undefined;
  const scalar = BigInt(`0x${hex}`);
  return scalar > 0n && scalar < ORDER ? Uint8Array.fromHex(hex) : undefined;
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

/** The elements of a filter that list public keys. */
const KEY_LISTS: ReadonlySet<string> = new Set(["authors", "#p", "&p", "#P", "&P"]);

/** A filter as JSON with `npub1…` replaced by hex digits wherever it lists keys. */
export function withHexKeys(filter: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) =>
      KEY_LISTS.has(name) && Array.isArray(value)
        ? [name, value.map((key) => typeof key === "string" ? readPublicKey(key) ?? key : key)]
        : [name, value]
    ),
  );
}

/** The key, 32 bytes, as people write it. */
export function keyText(prefix: "npub" | "nsec", key: Uint8Array): string {
  return bech32.encodeFromBytes(prefix, key);
}

function readKey(text: string, expected: "npub" | "nsec"): string | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  if (text.length > MAX_LENGTH) return undefined;
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    return prefix === expected && bytes.length === 32 ? bytes.toHex() : undefined;
  } catch {
    // Not bech32, or a wrong checksum.
    return undefined;
  }
}
