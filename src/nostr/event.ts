/**
 * The event: the one thing Nostr is made of.
 *
 * @see NIP-01
 * @module
 */

/** One tag: a name and its values, at least the name. */
export type Tag = readonly string[];

/**
 * A Nostr event whose shape has been checked. Names are those of the wire. That an event has this type
 * says nothing of its id and signature.
 *
 * @see NIP-01 "Events and signatures"
 */
export interface NostrEvent {
  /** SHA-256 of the canonical form, 64 lower-case hex digits. */
  readonly id: string;
  /** The author's x-only public key, 64 lower-case hex digits. */
  readonly pubkey: string;
  /** When the author says it was made, seconds since 1970; an integer from 0 to 2^53 - 1. */
  readonly created_at: number;
  /** What the event is about, 0 to 65535. */
  readonly kind: number;
  /** In the order in which the author wrote them. */
  readonly tags: readonly Tag[];
  /** Any text. */
  readonly content: string;
  /** BIP-340 signature of the id's 32 bytes, 128 lower-case hex digits. */
  readonly sig: string;
}
