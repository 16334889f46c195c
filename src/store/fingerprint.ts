/**
 * Fingerprints: 16 bytes that stand for a longer value in an index and are compared fast as a
 * `uuid`.
 *
 * Most of what a relay writes are index entries, so their width decides its speed. An id or a
 * public key takes 33 bytes there, and a tag value any number. Nobody can find a value that has the
 * fingerprint of a given one, and to find any two with the same fingerprint takes about 2^60
 * attempts.
 *
 * @module
 */

import type { HashText } from "../nostr/event_id.ts";

/** As 32 hex digits, which Postgres takes for a `uuid`. */
export type Fingerprint = string;

const DIGITS = 32;

/** The first byte of an author's; of a tag's it is the ASCII code of the letter. */
const AUTHOR = "07";

/**
 * Of an event: the beginning of its id, so that fingerprints have the order of ids.
 *
 * @param id may be cut short; the least that begins so is meant then.
 */
export function idPrefixOf(id: string): Fingerprint {
  return id.slice(0, DIGITS).padEnd(DIGITS, "0");
}

/**
 * Of an author. Not the beginning of the public key, because a filter may name an invented key that
 * begins like a real one. `migrations/0006_fingerprints.sql` says the same in SQL.
 */
export function authorFingerprint(pubkey: string, hashText: HashText): Fingerprint {
  return fingerprint(AUTHOR, pubkey, hashText);
}

/**
 * Of a tag's letter and value; undefined for a value that no event can have, since UTF-8 cannot
 * encode it.
 */
export function tagFingerprint(
  letter: string,
  value: string,
  hashText: HashText,
): Fingerprint | undefined {
  return value.isWellFormed()
    ? fingerprint(letter.charCodeAt(0).toString(16), value, hashText)
    : undefined;
}

/**
 * Of what an author and kind has one event of: the value of the `d` tag, which is empty for replaceable
 * events.
 *
 * @see NIP-01 "Kinds"
 */
export function slotFingerprint(d: string, hashText: HashText): Fingerprint {
  return fingerprint("64", d, hashText);
}

function fingerprint(type: string, text: string, hashText: HashText): Fingerprint {
  return type + hashText(text).slice(0, DIGITS - type.length);
}
