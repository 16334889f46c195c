/**
 * BIP-340 in JavaScript: slow, but without requirements.
 *
 * @module
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { PUBKEY_BYTES, SIGNATURE_BYTES, type SignatureEngine } from "../nostr/signature.ts";

/**
 * The engine in JavaScript. It accepts messages of any length, as BIP-340 does.
 *
 * @see BIP-340 "Verification"
 */
export const nobleEngine: SignatureEngine = {
  name: "noble",
  verify(sig, id, pubkey) {
    if (sig.length !== SIGNATURE_BYTES || pubkey.length !== PUBKEY_BYTES) return false;
    return schnorr.verify(sig, id, pubkey);
  },
};

/**
 * The x-only public key of a secret key, 64 hex digits.
 *
 * @see BIP-340 "Public Key Generation"
 */
export function publicKeyOf(secretKey: Uint8Array): string {
  return schnorr.getPublicKey(secretKey).toHex();
}

/**
 * Signs the 32 bytes of an event's id: 128 hex digits.
 *
 * @see BIP-340 "Default Signing"
 */
export function signId(id: Uint8Array, secretKey: Uint8Array): string {
  return schnorr.sign(id, secretKey).toHex();
}
