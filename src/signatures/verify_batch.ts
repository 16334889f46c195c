/**
 * Signature checks as flat bytes, to be sent to another thread: copying a few kB costs less than
 * cloning objects, and less than transferring the buffer.
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

/** The bytes of one check: signature, id and public key, in this order. */
export const CHECK_BYTES = SIGNATURE_BYTES + ID_BYTES + PUBKEY_BYTES;

/** The fields of an event that verification needs. */
type SignedParts = Pick<NostrEvent, "sig" | "id" | "pubkey">;

/** Concatenates the checks of several events. */
export function packChecks(events: readonly SignedParts[]): Uint8Array<ArrayBuffer> {
  // One conversion for all events: each call costs as much as the array that it allocates.
  let hex = "";
  for (const { sig, id, pubkey } of events) hex += sig + id + pubkey;
  return hexToBytes(hex);
}

/** The results of packed checks, in the same order: 1 where the signature is valid, else 0. */
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
