/**
 * Text as the words by which it is found.
 *
 * No language is known and none is guessed: words are runs of letters and digits, without case and
 * accents, and nothing is stemmed. Scripts that do not part their words are cut into single characters
 * and pairs of neighbours, so that any piece of a sentence is found by the pairs it is made of.
 *
 * @see NIP-50
 * @module
 */

/** Longer words are cut, Unicode characters: keys in bech32 fit, blobs need not. */
const MAX_WORD_LENGTH = 64;

/** Scripts that write words without a space in between, or join much to them as Korean does. */
const UNPARTED = String
  .raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー`;

const PIECE = new RegExp(
  String
    .raw`(?<unparted>[${UNPARTED}]+)|[[\p{L}\p{N}\p{M}_]--[${UNPARTED}]]+|\p{Extended_Pictographic}`,
  "gv",
);

/** Accents of Latin, Greek and Cyrillic, once they stand apart from their letters. */
const ACCENTS = /[\u0300-\u036f]+/g;

const ASCII = /^[\0-\x7f]*$/;

/**
 * The words by which `text` is found, in order, as often as they occur.
 *
 * @see NIP-50
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { wordsToIndex } from "./words.ts";
 *
 * deepEqual(wordsToIndex("A naïve #Nostr-Relay"), ["a", "naive", "nostr", "relay"]);
 * deepEqual(wordsToIndex("東京都"), ["東", "東京", "京", "京都", "都"]);
 * ```
 */
export function wordsToIndex(text: string): string[] {
  const words: string[] = [];
  for (const { 0: piece, groups } of folded(text).matchAll(PIECE)) {
    if (groups?.["unparted"] === undefined) {
      words.push(cut(piece));
      continue;
    }
    const characters = [...piece];
    characters.forEach((character, place) => {
      words.push(character);
      const next = characters[place + 1];
      if (next !== undefined) words.push(character + next);
    });
  }
  return words;
}

/**
 * The words that a text must have to contain what `text` asks for. The pairs of an unparted run say all
 * that its characters would.
 *
 * @see NIP-50
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { wordsToFind } from "./words.ts";
 *
 * deepEqual(wordsToFind("Café café"), ["cafe", "cafe"]);
 * deepEqual(wordsToFind("東京都 x 東"), ["東京", "京都", "x", "東"]);
 * ```
 */
export function wordsToFind(text: string): string[] {
  const words: string[] = [];
  for (const { 0: piece, groups } of folded(text).matchAll(PIECE)) {
    const characters = groups?.["unparted"] === undefined ? [] : [...piece];
    if (characters.length < 2) words.push(cut(piece));
    for (let place = 1; place < characters.length; place++) {
      words.push(characters[place - 1]! + characters[place]!);
    }
  }
  return words;
}

/** Without what two people may write differently: case, accents, width and ligatures. */
function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(ACCENTS, "").normalize("NFC").toLowerCase();
}

function cut(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : [...word].slice(0, MAX_WORD_LENGTH).join("");
}
