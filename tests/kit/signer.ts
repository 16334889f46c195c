/**
 * Authors for tests, with valid signatures or without.
 *
 * @module
 */

import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import { bytesToHex, hexToBytes } from "../../src/nostr/hex.ts";
import type { SeededRandom } from "./seeded_random.ts";

/** An event without id, author and signature. */
export type EventDraft = Omit<NostrEvent, "id" | "pubkey" | "sig">;

/** Signs events. */
export interface Signer {
  /** The x-only public key, 64 lower-case hex digits. */
  readonly pubkey: string;
  /** The draft with id, author and signature. */
  sign(draft: EventDraft): NostrEvent;
}

/**
 * An author with valid signatures.
 *
 * Signing takes a tenth of the time of a library that protects the secret: nonces are a counted
 * sequence, so that each nonce point is the previous one plus the generator. The key can be
 * computed from one signature, so this is for test keys only.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "./seeded_random.ts";
 * import { SchnorrSigner } from "./signer.ts";
 *
 * const alice = new SchnorrSigner(new SeededRandom(1));
 * const note = alice.sign({ created_at: 1, kind: 1, tags: [], content: "hello" });
 * if (note.pubkey !== alice.pubkey) throw new Error("unexpected");
 * ```
 *
 * @see BIP-340 "Default Signing"
 */
export class SchnorrSigner implements Signer {
  readonly pubkey: string;
  readonly #pubkeyBytes: Uint8Array;
  /** The secret key, negated where needed so that its point has an even y. */
  readonly #secret: bigint;
  #nonce: bigint;
  #noncePoint: typeof BASE;

  constructor(random: SeededRandom) {
    const secret = scalar(random);
    const point = BASE.multiply(secret).toAffine();
    this.#secret = isEven(point.y) ? secret : ORDER - secret;
    this.pubkey = scalarHex(point.x);
    this.#pubkeyBytes = hexToBytes(this.pubkey);
    this.#nonce = scalar(random);
    this.#noncePoint = BASE.multiply(this.#nonce);
  }

  sign(draft: EventDraft): NostrEvent {
    const { created_at, kind, tags, content } = draft;
    const unsigned = { pubkey: this.pubkey, created_at, kind, tags, content };
    const id = eventId(unsigned);
    return { id, ...unsigned, sig: this.#signature(hexToBytes(id)) };
  }

  /** The signature of 32 bytes, in hex. Each call uses one nonce. */
  #signature(message: Uint8Array): string {
    this.#nonce += 1n;
    this.#noncePoint = this.#noncePoint.add(BASE);
    const point = this.#noncePoint.toAffine();
    const nonce = isEven(point.y) ? this.#nonce : ORDER - this.#nonce;
    const r = scalarHex(point.x);
    const hash = schnorr.utils.taggedHash(
      "BIP0340/challenge",
      hexToBytes(r),
      this.#pubkeyBytes,
      message,
    );
    const challenge = BigInt(`0x${bytesToHex(hash)}`) % ORDER;
    return r + scalarHex((nonce + challenge * this.#secret) % ORDER);
  }
}

/**
 * An author whose events have a correct id and a signature of the right length only, for tests that
 * do not check signatures.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "./seeded_random.ts";
 * import { FakeSigner } from "./signer.ts";
 *
 * const note = new FakeSigner(new SeededRandom(1)).sign({
 *   created_at: 1,
 *   kind: 1,
 *   tags: [],
 *   content: "hello",
 * });
 * if (note.sig.length !== 128) throw new Error("unexpected");
 * ```
 */
export class FakeSigner implements Signer {
  readonly pubkey: string;

  constructor(random: SeededRandom) {
    this.pubkey = bytesToHex(random.bytes(32));
  }

  sign(draft: EventDraft): NostrEvent {
    const { created_at, kind, tags, content } = draft;
    const unsigned = { pubkey: this.pubkey, created_at, kind, tags, content };
    const id = eventId(unsigned);
    return { id, ...unsigned, sig: id + id };
  }
}

const BASE = secp256k1.Point.BASE;
const ORDER = secp256k1.Point.Fn.ORDER;

/** A number from 1 to the order of the group, with a margin that no test exhausts. */
function scalar(random: SeededRandom): bigint {
  return BigInt(`0x${bytesToHex(random.bytes(31))}`) + 1n;
}

function scalarHex(value: bigint): string {
  return value.toString(16).padStart(64, "0");
}

function isEven(value: bigint): boolean {
  return (value & 1n) === 0n;
}
