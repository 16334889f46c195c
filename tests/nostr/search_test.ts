import { deepEqual, equal, ok } from "node:assert/strict";
import { eventWords, meetsSearch, parseSearch, relevance } from "../../src/nostr/search.ts";

Deno.test("NIP50-04 key:value words are extensions, and ignored", () => {
  const text = "orange language:en domain:example.com nsfw:false x_y:1 Z:2";
  deepEqual(parseSearch(text), new Set(["orange"]));
});

Deno.test("NIP50 an address on the web or in Nostr is looked for", () => {
  deepEqual(parseSearch("https://example.com"), new Set(["https", "example", "com"]));
  deepEqual(parseSearch("nostr:npub1xyz"), new Set(["nostr", "npub1xyz"]));
  deepEqual(parseSearch("note: this"), new Set(["note", "this"]));
});

Deno.test("an empty search looks for nothing, signs alone for what is nowhere", () => {
  for (const text of ["", "  \n", "include:spam"]) equal(parseSearch(text), undefined);
  for (const text of ["?!", "'", "\u0000"]) deepEqual(parseSearch(text), new Set());
});

Deno.test("NIP50-01 content is found whatever its case, by all words and not by some", () => {
  const event = note("The Quick brown fox");
  for (const text of ["quick", "FOX the", "brown brown"]) ok(meets(text, event), text);
  for (const text of ["quick dog", "qui", "foxes", "?"]) ok(!meets(text, event), text);
});

Deno.test("NIP50 titles are found too", () => {
  const article = note("long text", [["title", "On Ostriches"], ["t", "birds"], ["title"]]);
  deepEqual(eventWords(article).heading, ["on", "ostriches"]);
  ok(meets("ostriches text", article));
  ok(!meets("birds", article));
});

Deno.test("NIP50 a profile is found by names, address and words about it, and nothing else", () => {
  const content = JSON.stringify({
    name: "ann",
    display_name: "Ann B.",
    nip05: "ann@example.com",
    about: "bakes",
    picture: "https://pictures.example/1.png",
    website: 7,
  });
  const profile = { ...note(content), kind: 0 };
  ok(meets("ann b example bakes", profile));
  for (const text of ["pictures", "name", "7"]) ok(!meets(text, profile), text);
  for (const content of ["", "[]", "null", "{", '{"name":1}', "ann"]) {
    deepEqual(eventWords({ ...profile, content }), { heading: [], body: [] });
  }
});

Deno.test("words beyond the 4,000th are not looked at", () => {
  const event = note(`${"word ".repeat(3_999)}last beyond`, [["title", "x"]]);
  equal(eventWords(event).body.length, 3_999);
  ok(!meets("last", event));
});

Deno.test("NIP50-03 more often, in a heading, and in less text is better", () => {
  const score = (content: string, title = "") =>
    relevance(new Set(["fox"]), note(content, [["title", title]]));
  ok(score("a fox and a fox") > score("a fox and a dog"));
  ok(score("a dog", "fox") > score("a fox"));
  ok(score("a fox") > score("a fox and all the animals of the forest"));
  equal(score("a dog"), 0);
});

function note(content: string, tags: readonly (readonly string[])[] = []) {
  return { id: "", pubkey: "", created_at: 0, kind: 1, tags, content, sig: "" };
}

function meets(text: string, event: ReturnType<typeof note>): boolean {
  return meetsSearch(parseSearch(text)!, event);
}
