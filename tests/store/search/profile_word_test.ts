import { equal } from "node:assert/strict";
import fc from "fast-check";
import { wordsToFind, wordsToIndex } from "../../../src/nostr/words.ts";
import { profileWord } from "../../../src/store/search/profile_word.ts";

Deno.test("no text contains a profile word, and no search can ask for one", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => {
    for (const words of [wordsToIndex, wordsToFind]) {
      equal([...words(profileWord(text))].some((word) => word.includes(":")), false);
    }
  }));
});
