import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { wordsToFind, wordsToIndex } from "../../src/nostr/words.ts";
import { ODD_STRINGS } from "../kit/event_generator.ts";

Deno.test("words are runs of letters and digits", () => {
  const text = "Hello, world! foo_bar 3.14 don't #tag @me https://example.com/a?b=c";
  deepEqual(
    wordsToIndex(text),
    "hello world foo_bar 3 14 don t tag me https example com a b c".split(" "),
  );
});

const alike: readonly (readonly string[])[] = [
  ["café", "CAFÉ", "cafe", "cafe\u0301", "ＣＡＦＥ"],
  ["Ελλάδα", "ελλαδα"],
  ["ﬁne", "fine"],
  ["İstanbul", "istanbul"],
  ["ｶﾌｪ", "カフェ"],
  ["Đường", "duong", "đường".normalize("NFD")],
  ["Łódź", "lodz"],
  ["שָׁלוֹם", "שלום"],
  ["الْعَرَبِيَّة", "العربية", "العـــربية"],
  ["می‌خواهم", "میخواهم"],
  ["हिन्दी", "हिन्दी".normalize("NFD")],
  ["한국어", "한국어".normalize("NFD")],
  ["❤️", "❤"],
  ["👍🏽", "👍"],
  ["1️⃣", "1"],
];

for (const forms of alike) {
  Deno.test(`${forms.join(", ")} are one`, () => {
    for (const form of forms) deepEqual(wordsToIndex(form), wordsToIndex(forms[0]!));
  });
}

Deno.test("NIP50: any piece of a text in an unparted script is found", () => {
  for (const text of ["東京都庁は新宿にある", "สวัสดีครับ", "한국어사전", "カフェー"]) {
    const indexed = new Set(wordsToIndex(text));
    const characters = [...text.normalize("NFKD").normalize("NFC")];
    for (let start = 0; start < characters.length; start++) {
      for (let end = start + 1; end <= characters.length; end++) {
        const piece = characters.slice(start, end).join("");
        ok(wordsToFind(piece).every((word) => indexed.has(word)), piece);
      }
    }
    ok(!wordsToFind(`${characters[1]}${characters[0]}`).every((word) => indexed.has(word)));
  }
});

Deno.test("scripts side by side are parted", () => {
  deepEqual(wordsToFind("東京tower 2"), ["東京", "tower", "2"]);
});

Deno.test("an emoji is a word", () => {
  deepEqual(wordsToIndex("gm🎉☕"), ["gm", "🎉", "☕"]);
});

Deno.test("an emoji of several is found by each of them, a flag by itself", () => {
  deepEqual(wordsToIndex("👨‍👩‍👧"), ["👨", "👩", "👧"]);
  deepEqual(wordsToIndex("🇩🇪🇫🇷"), ["🇩🇪", "🇫🇷"]);
  deepEqual(wordsToIndex("\ufe0f \u0301 \u093f"), [], "a mark alone is no word");
});

Deno.test("a long text is read in parts, cut between words", () => {
  const words = Array.from({ length: 5_000 }, (_, i) => `wörd${i}`);
  deepEqual(wordsToIndex(words.join(" ")), words.map((word) => word.replace("ö", "o")));
  deepEqual(wordsToIndex(words.join(" "), 3), ["word0", "word1", "word2"]);
  deepEqual(new Set(wordsToIndex("𐐨".repeat(3_000))), new Set(["𐐨".repeat(64)]));
});

Deno.test("a word is cut at 64 characters, between characters", () => {
  deepEqual(wordsToIndex("x".repeat(70)), ["x".repeat(64)]);
  deepEqual(wordsToFind("𝔁".repeat(70)), ["x".repeat(64)]);
  deepEqual(wordsToIndex("𐐨".repeat(70)), ["𐐨".repeat(64)]);
});

Deno.test("what is to be found in a text is in the text, and holds no sign of any syntax", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.constantFrom(...ODD_STRINGS),
  );
  fc.assert(fc.property(text, (text) => {
    const indexed = new Set(wordsToIndex(text));
    for (const word of wordsToFind(text)) {
      ok(indexed.has(word));
      equal(/[\s'"\\:,&|!()*<>\0]/.test(word), false);
      ok(word.isWellFormed());
    }
  }));
});
