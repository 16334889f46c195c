/**
 * Splits text into the words that search indexes.
 *
 * No language is assumed: words are runs of letters and digits, without case and accents, and not
 * stemmed. Runs of scripts that do not separate words become single characters and pairs of
 * adjacent ones, so that any part of a sentence is found by its pairs.
 *
 * @see NIP-50
 * @module
 */

/** Longer words are truncated, Unicode characters: bech32 keys fit, blobs do not. */
const MAX_WORD_LENGTH = 64;

/** Scripts that write words without spaces or, like Korean, attach particles to them. */
const UNPARTED = String
  .raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー`;

const PIECE = new RegExp(
  String
    .raw`(?<unparted>[${UNPARTED}]+)|[[\p{L}\p{N}_]--[${UNPARTED}]][[\p{L}\p{N}\p{M}_]--[${UNPARTED}]]*|\p{RI}{2}|\p{Extended_Pictographic}`,
  "gv",
);

/**
 * What spellings may differ in, once decomposed: accents of Latin, Greek and Cyrillic, points of
 * Hebrew, vowel signs and tatweel of Arabic, marks around symbols, joiners, variation selectors.
 */
const ACCENTS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]+/g;

/** Letters with a stroke, which Unicode does not decompose. */
const STROKES: Readonly<Record<string, string>> = {
  "đ": "d",
  "ø": "o",
  "ł": "l",
  "ħ": "h",
  "ŧ": "t",
};
const STROKED = /[đøłħŧ]/g;

/**
 * More combining marks in a row than any language uses. Normalisation sorts each run of them, in
 * quadratic time.
 *
 * @see UAX #15 "Stream-Safe Text Format"
 */
const LONG_RUN_OF_MARKS = /(\p{M}{30})\p{M}+/gu;

/**
 * Text is processed in parts of this length, UTF-16 units, until there are enough words, because
 * normalisation can turn one character into eighteen.
 */
const PART_LENGTH = 4_096;

/** How far before the end of a part to look for a space. */
const MAX_LOOK_BACK = 256;

const ASCII = /^[\0-\x7f]*$/;

/**
 * The words by which `text` is found, in order, with repetitions: the first `maxWords` of them.
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
export function wordsToIndex(text: string, maxWords: number = Infinity): string[] {
  const words: string[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = endOfPart(text, start);
    for (const { 0: piece, groups } of folded(text.slice(start, end)).matchAll(PIECE)) {
      if (words.length >= maxWords) return words.slice(0, maxWords);
      if (groups?.["unparted"] === undefined) words.push(cut(piece));
      else addCharactersAndPairs(words, piece);
    }
  }
  return words.slice(0, maxWords);
}

function addCharactersAndPairs(words: string[], piece: string): void {
  let last: string | undefined;
  for (const character of piece) {
    if (last !== undefined) words.push(last + character);
    words.push(character);
    last = character;
  }
}

/** After a space if there is one nearby, and never inside a surrogate pair. */
function endOfPart(text: string, start: number): number {
  const end = start + PART_LENGTH;
  if (end >= text.length) return text.length;
  for (let at = end; at > end - MAX_LOOK_BACK; at--) {
    if (text.charCodeAt(at - 1) <= 0x20) return at;
  }
  return text.codePointAt(end - 1)! > 0xffff ? end + 1 : end;
}

/**
 * The words that a text must have to match the search `text`. For a run without spaces its pairs
 * suffice.
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

/** Removes differences in case, accents, width and ligatures. */
function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.replace(LONG_RUN_OF_MARKS, "$1").normalize("NFKD").replace(ACCENTS, "")
    .normalize("NFC").toLowerCase().replace(STROKED, (letter) => STROKES[letter]!);
}

function cut(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : [...word].slice(0, MAX_WORD_LENGTH).join("");
}
