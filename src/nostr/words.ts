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
    .raw`(?<unparted>[${UNPARTED}]+)|[[\p{L}\p{N}_]--[${UNPARTED}]][[\p{L}\p{N}\p{M}_]--[${UNPARTED}]]*|\p{RI}{2}|\p{Extended_Pictographic}`,
  "gv",
);

/**
 * What people write or leave out, once it stands apart from its letter: accents of Latin, Greek and
 * Cyrillic, points of Hebrew, vowel signs of Arabic and its lengthening stroke, marks around symbols,
 * joiners, variation selectors.
 */
const ACCENTS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]+/g;

/** Letters with a stroke, which Unicode does not take apart. */
const STROKES: Readonly<Record<string, string>> = {
  "đ": "d",
  "ø": "o",
  "ł": "l",
  "ħ": "h",
  "ŧ": "t",
};
const STROKED = /[đøłħŧ]/g;

/**
 * More marks in a row than any language writes. Normalising sorts each run of them, in a time that grows
 * with the square of its length.
 *
 * @see UAX #15 "Stream-Safe Text Format"
 */
const LONG_RUN_OF_MARKS = /(\p{M}{30})\p{M}+/gu;

/**
 * Text is looked at in parts of this length, UTF-16 units, and no further than it has words that count:
 * one character can become eighteen.
 */
const PART_LENGTH = 4_096;

/** How far before the end of a part a space is looked for. */
const MAX_LOOK_BACK = 256;

const ASCII = /^[\0-\x7f]*$/;

/**
 * The words by which `text` is found, in order, as often as they occur: the first `maxWords` of them.
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

/** Behind a space if there is one near, and never between two halves of a character. */
function endOfPart(text: string, start: number): number {
  const end = start + PART_LENGTH;
  if (end >= text.length) return text.length;
  for (let at = end; at > end - MAX_LOOK_BACK; at--) {
    if (text.charCodeAt(at - 1) <= 0x20) return at;
  }
  return text.codePointAt(end - 1)! > 0xffff ? end + 1 : end;
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
  return text.replace(LONG_RUN_OF_MARKS, "$1").normalize("NFKD").replace(ACCENTS, "")
    .normalize("NFC").toLowerCase().replace(STROKED, (letter) => STROKES[letter]!);
}

function cut(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : [...word].slice(0, MAX_WORD_LENGTH).join("");
}
