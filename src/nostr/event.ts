/**
 * The type of a Nostr event, and how its tags are read.
 *
 * @see NIP-01
 * @module
 */

/** One tag: its name, then its values. */
export type Tag = readonly string[];

/**
 * A Nostr event of valid shape, with the field names of NIP-01. The type does not say that its id
 * and signature are valid.
 *
 * @see NIP-01 "Events and signatures"
 */
export interface NostrEvent {
  /** SHA-256 of the canonical form, 64 lower-case hex digits. */
  readonly id: string;
  /** The author's x-only public key, 64 lower-case hex digits. */
  readonly pubkey: string;
  /** The author's time, seconds since 1970; an integer from 0 to 2^53 - 1. */
  readonly created_at: number;
  /** The kind, 0 to 65535. */
  readonly kind: number;
  /** In the author's order. */
  readonly tags: readonly Tag[];
  /** Any text; its meaning depends on the kind. */
  readonly content: string;
  /** BIP-340 signature of the id's 32 bytes, 128 lower-case hex digits. */
  readonly sig: string;
}

/** The first value of the first tag of this name; undefined when there is none. */
export function tagValue({ tags }: NostrEvent, name: string): string | undefined {
  return tags.find((tag) => tag[0] === name)?.[1];
}
