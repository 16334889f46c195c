import { deepEqual } from "node:assert/strict";
import { readFilters } from "../../../src/app/command_line/filter_arguments.ts";

const KEY = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

Deno.test("NIP01: filters are JSON objects, or lists of them", () => {
  const one = { kinds: new Set([1]), tags: new Map(), limit: 10 };
  const two = { kinds: new Set([7]), tags: new Map() };
  deepEqual(readFilters(['{"kinds":[1],"limit":10}', '[{"kinds":[7]}]']), [one, two]);
  deepEqual(readFilters(["{}"]), [{ tags: new Map() }]);
});

Deno.test("NIP19: keys may be npub1… wherever a filter lists keys", () => {
  const keys = new Set([KEY]);
  deepEqual(readFilters([`{"authors":["${NPUB}"],"#p":["${NPUB}","${KEY}"]}`]), [
    { authors: keys, tags: new Map([["p", keys]]) },
  ]);
  // Elsewhere it is a text as any other.
  deepEqual(readFilters([`{"#t":["${NPUB}"]}`]), [
    { tags: new Map([["t", new Set([NPUB])]]) },
  ]);
});

const faults: readonly [string, string][] = [
  ["{kinds:[1]}", "not JSON: {kinds:[1]}"],
  ["7", "a filter is a JSON object: 7"],
  ['{"kind":[1]}', 'a filter has no element "kind", did you mean kinds?: {"kind":[1]}'],
  [
    '{"colour":[1]}',
    'a filter has no element "colour", tags are named #e, #t and so on: {"colour":[1]}',
  ],
  ['{"kinds":1}', 'kinds is not a list of integers from 0 to 65535: {"kinds":1}'],
  [
    '{"authors":["npub1x"]}',
    'authors is not a list of keys, each 64 lower-case hex digits: {"authors":["npub1x"]}',
  ],
  ['{"search":"x"}', 'search is off or cannot be used here: {"search":"x"}'],
];

for (const [text, fault] of faults) {
  Deno.test(`${text} is refused in a sentence`, () => {
    deepEqual(readFilters(["{}", text]), { fault });
  });
}

Deno.test("NIP50: words are searched for where search is on, however long the text is", () => {
  const search = { kinds: new Set([1]), maxLength: 3 };
  deepEqual(readFilters(['{"search":"ostrich"}'], search), [
    { tags: new Map(), search: new Set(["ostrich"]), kinds: new Set([1]) },
  ]);
});
