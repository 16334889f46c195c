import { deepEqual, equal, match } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import fc from "fast-check";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { eventFacets } from "../../../src/store/search/facet.ts";
import {
  insertMissingWords,
  insertWords,
  selectWordless,
} from "../../../src/store/search/word_statements.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { ODD_STRINGS } from "../../kit/event_generator.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));

function note(content: string, tags: readonly (readonly string[])[] = []) {
  return author.sign({ kind: 1, created_at: 5, tags, content });
}

Deno.test("each word is there once, with all its positions, those of a title weighted", () => {
  const event = note("fox and Fox", [["title", "The fox"]]);
  const rows = [{ key: 7, event }, { key: 8, event: note("!") }];
  const { parameters } = insertWords(rows, portableHashText);
  deepEqual(parameters.slice(0, 3), ["{7,8}", "{5,5}", `{"'the':1A 'fox':2A,3,5 'and':4",""}`]);
});

Deno.test("the words of a profile are indexed as profile words too", () => {
  const event = author.sign({ kind: 0, created_at: 5, tags: [], content: '{"name":"Ann Fox"}' });
  const { parameters } = insertWords([{ key: 7, event }], portableHashText);
  equal(parameters[2], `{"'ann':1A 'fox':2A '0:ann' '0:fox'"}`);
});

Deno.test("the facets of each event are one array", () => {
  const [plain, tagged] = [note("a"), note("b", [["t", "x"]])];
  const rows = [{ key: 7, event: plain }, { key: 8, event: tagged }];
  const lists = rows.map(({ event }) => `"{${eventFacets(event, portableHashText).join(",")}}"`);
  equal(insertWords(rows, portableHashText).parameters[3], `{${lists.join(",")}}`);
});

Deno.test("no text needs escaping in an array of vectors", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...ODD_STRINGS));
  fc.assert(fc.property(text, (content) => {
    const [, , vectors] =
      insertWords([{ key: 1, event: note(content) }], portableHashText).parameters;
    match(String(vectors), /^\{"(?:'[^'"\\\s]+':\d+(?:,\d+)*(?: |(?=")))*"\}$/);
  }));
});

Deno.test("missing words name the version that they are of", () => {
  const event = note("fox");
  const { parameters } = insertMissingWords([{ key: 7, event }], portableHashText);
  deepEqual(parameters, [
    ...insertWords([{ key: 7, event }], portableHashText).parameters,
    `{"\\\\x${event.id}"}`,
  ]);
});

Deno.test("an empty JSON means that the row has its words", () => {
  const { read } = selectWordless(0, { kinds: [1], rows: 10 });
  const row = (json: string) =>
    read({ integer: () => 3, utf8: () => utf8(json), hex: () => "", text: () => "" });
  const event = note("fox");
  equal(row("").event, undefined);
  deepEqual(row(eventJson(event)), { key: 3, event });
});
