/**
 * The interface of signature engines, and the check of an event's signature with one. This check
 * costs more than all others together.
 *
 * @see BIP-340
 * @module
 */

import type { NostrEvent } from "./event.ts";
import { KEY_DIGITS, SIGNATURE_DIGITS } from "./hex.ts";

/** Verifies BIP-340 signatures. All engines give the same results. */
export interface SignatureEngine {
  /** Name for the log: `native`, `wasm`, `noble`. */
  readonly name: string;
  /**
   * Whether `sig` (64 bytes) is a signature of `id` (32 bytes) by `pubkey` (32 bytes, x-only).
   * False, never an exception, for invalid signatures, keys or lengths. The caller reuses the
   * arrays after the call.
   *
   * @see BIP-340 "Verification"
   */
  verify(sig: Uint8Array, id: Uint8Array, pubkey: Uint8Array): boolean;
}

/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

/** Bytes of an event's id. */
export const ID_BYTES = 32;

/** Bytes of an x-only public key. */
export const PUBKEY_BYTES = 32;

/**
 * Whether the event's signature is valid for its id and author. That the id is correct is for
 * `eventId` to check.
 *
 * @see NIP-01 "Events and signatures"
 */
export function signatureHolds(
  event: Pick<NostrEvent, "id" | "pubkey" | "sig">,
  engine: SignatureEngine,
): boolean {
  const { sig, id, pubkey } = event;
  if (sig.length !== SIGNATURE_DIGITS || id.length !== KEY_DIGITS) return false;
  if (pubkey.length !== KEY_DIGITS) return false;
  scratch.sig.setFromHex(sig);
  scratch.id.setFromHex(id);
  scratch.pubkey.setFromHex(pubkey);
  return engine.verify(scratch.sig, scratch.id, scratch.pubkey);
}

/** Reused: allocating takes ten times as long as filling, and no check outlasts its call. */
const scratch = {
  sig: new Uint8Array(SIGNATURE_BYTES),
  id: new Uint8Array(ID_BYTES),
  pubkey: new Uint8Array(PUBKEY_BYTES),
};
