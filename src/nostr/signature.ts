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
 *
 * @example
 * ```ts
 * import { signatureHolds } from "./signature.ts";
 * import { nobleEngine } from "../signatures/signature_noble.ts";
 * import { equal } from "node:assert/strict";
 *
 * const event = {
 *   id: "1868e8ad4ca66b7a9bb6ddaaecde6e5cc5d11682e87abb650a6ce8853854ef05",
 *   pubkey: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
 *   sig: "6872b2f57d520f473d534b83df22dc919eb5a45c397799fc8c1ffc69883f5d6e" +
 *     "446408b11d46c39f571959c6091c1f11aba36683973db37108d69f0b3cdfb50b",
 * };
 * equal(signatureHolds(event, nobleEngine), true);
 * equal(signatureHolds({ ...event, id: "00".repeat(32) }, nobleEngine), false);
 * ```
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
