/**
 * Signature checks as flat bytes, the form in which they cross to another thread: copying a few kB is
 * cheaper there than any object, and cheaper than handing the memory over.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import { hexToBytes } from "../nostr/hex.ts";
import {
  ID_BYTES,
  PUBKEY_BYTES,
  SIGNATURE_BYTES,
  type SignatureEngine,
} from "../nostr/signature.ts";

/** What one check takes: signature, id and public key, in this order. */
export const CHECK_BYTES = SIGNATURE_BYTES + ID_BYTES + PUBKEY_BYTES;

/** The parts of an event that its signature is about. */
export type SignedParts = Pick<NostrEvent, "sig" | "id" | "pubkey">;

/**
 * The checks of several events in a row.
 */
export function packChecks(events: readonly SignedParts[]): Uint8Array<ArrayBuffer> {
  // One conversion for all of them: each costs as much as the array that it makes.
  let hex = "";
  for (const { sig, id, pubkey } of events) hex += sig + id + pubkey;
  return hexToBytes(hex);
}

/**
 * The answers to packed checks, in the same order: 1 where the signature holds, else 0.
 */
export function verifyPacked(packed: Uint8Array, engine: SignatureEngine): Uint8Array<ArrayBuffer> {
  const answers = new Uint8Array(packed.length / CHECK_BYTES);
  for (let place = 0; place < answers.length; place++) {
    const start = place * CHECK_BYTES;
    const idStart = start + SIGNATURE_BYTES;
    const pubkeyStart = idStart + ID_BYTES;
    const sig = packed.subarray(start, idStart);
    const id = packed.subarray(idStart, pubkeyStart);
    const pubkey = packed.subarray(pubkeyStart, start + CHECK_BYTES);
    answers[place] = engine.verify(sig, id, pubkey) ? 1 : 0;
  }
  return answers;
}
