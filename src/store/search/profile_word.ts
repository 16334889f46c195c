/**
 * Index entries for the words of profiles, because profiles are often searched alone.
 *
 * Few of the events with a common word are profiles, and picking them out would mean reading all of
 * the word's entries. So each word of a profile is indexed a second time, with a prefix.
 *
 * @see NIP-50
 * @module
 */

import { PROFILE } from "../../nostr/kind.ts";

/**
 * The index entry of `word` in profiles. It cannot be a word of a text, because words contain no
 * colon.
 */
export function profileWord(word: string): string {
  return `${PROFILE}:${word}`;
}
