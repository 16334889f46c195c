/**
 * Words of profiles, which are mostly searched for by themselves.
 *
 * Of a common word, profiles have a small part, and to pick them out of all that have it would be to go
 * through all. So each word of a profile is in the index a second time, as a word of profiles.
 *
 * @see NIP-50
 * @module
 */

/** User metadata, see NIP-01 "Kinds". */
export const PROFILE_KIND = 0;

/**
 * The word under which `word` is found in profiles alone. No text has it, since words hold letters, digits
 * and the like.
 */
export function profileWord(word: string): string {
  return `${PROFILE_KIND}:${word}`;
}
