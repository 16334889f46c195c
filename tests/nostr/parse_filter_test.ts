import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type FilterLimits, parseFilter } from "../../src/nostr/parse_filter.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const LIMITS = { maxFilterValues: 300 };
const KEY = "ab".repeat(32);

Deno.test("every field arrives, lists as sets", () => {
  deepEqual(
    parseFilter({
      ids: [KEY, KEY],
      authors: [KEY],
      kinds: [0, 65_535, 0],
      "#e": [KEY],
      "#E": ["any text"],
      "#t": ["nostr", "nostr", ""],
      since: 0,
      until: 9_007_199_254_740_991,
      limit: 0,
    }, LIMITS),
    {
      ids: new Set([KEY]),
      authors: new Set([KEY]),
      kinds: new Set([0, 65_535]),
      tags: new Map([
        ["e", new Set([KEY])],
        ["E", new Set(["any text"])],
        ["t", new Set(["nostr", ""])],
      ]),
      since: 0,
      until: 9_007_199_254_740_991,
      limit: 0,
    },
  );
});

Deno.test("NIP01-53: ids, authors, #e and #p take 64 lower-case hex digits and nothing else", () => {
  const wrong = [KEY.slice(1), `${KEY}0`, KEY.toUpperCase(), "", `g${KEY.slice(1)}`, 1, null, [
    KEY,
  ]];
  for (const key of ["ids", "authors", "#e", "#p"]) {
    for (const value of wrong) refused({ [key]: [KEY, value] }, "invalid");
  }
});

Deno.test("NIP01-54: an empty list stays an empty set", () => {
  deepEqual(parseFilter({ ids: [], authors: [], kinds: [], "#t": [] }, LIMITS), {
    ids: new Set(),
    authors: new Set(),
    kinds: new Set(),
    tags: new Map([["t", new Set()]]),
  });
});

Deno.test("NIP01-55 NIP50-06: an unknown key is unsupported; so are search and &t that are off", () => {
  for (const key of ["search", "id", "Kinds", "tags", "&t", "", "__proto__", "constructor"]) {
    refused(JSON.parse(`{"${key}":["x"]}`), "unsupported");
  }
});

const EXTENDED = {
  ...LIMITS,
  andTags: true,
  search: { kinds: new Set([0, 1]), maxLength: 10 },
};

Deno.test("NIP91-01: &t is a set of values of its own, checked like #t", () => {
  deepEqual(parseFilter({ "&t": ["a", "b"], "&e": [KEY] }, EXTENDED), {
    tags: new Map(),
    allTags: new Map([["t", new Set(["a", "b"])], ["e", new Set([KEY])]]),
  });
  for (const value of ["a", [1], ["\ud800"]]) refused({ "&t": value }, "invalid", EXTENDED);
  refused({ "&p": ["a"] }, "invalid", EXTENDED);
  refused({ "&": ["a"] }, "unsupported", EXTENDED);
  refused({ "&t": Array.from({ length: 301 }, () => "a") }, "invalid", EXTENDED);
});

Deno.test("NIP91-03: a value under &t is none under #t, in whatever order they come", () => {
  const filters = [{ "#t": ["a", "b"], "&t": ["a"] }, { "&t": ["a"], "#t": ["b", "a"] }];
  for (const filter of filters) {
    deepEqual(parseFilter(filter, EXTENDED), {
      tags: new Map([["t", new Set(["b"])]]),
      allTags: new Map([["t", new Set(["a"])]]),
    });
  }
  const nothingLeft = parseFilter({ "#t": ["a"], "&t": ["a", "b"] }, EXTENDED);
  deepEqual("tags" in nothingLeft && nothingLeft.tags, new Map());
  const emptyBefore = parseFilter({ "#t": [], "&t": ["a"] }, EXTENDED);
  deepEqual("tags" in emptyBefore && emptyBefore.tags, new Map([["t", new Set()]]));
});

Deno.test("NIP50: a search is words, for the kinds that have words", () => {
  const tags = new Map();
  const search = new Set(["big", "fox"]);
  deepEqual(parseFilter({ search: "Big fox" }, EXTENDED), { tags, search, kinds: new Set([0, 1]) });
  deepEqual(parseFilter({ kinds: [1, 7], search: "Big fox" }, EXTENDED), {
    tags,
    search,
    kinds: new Set([1]),
  });
  deepEqual(parseFilter({ search: " a:b " }, EXTENDED), { tags });
});

Deno.test("NIP50: a search that is no text, broken or too long is invalid", () => {
  for (const value of [1, null, ["x"], "\ud800", "x".repeat(11)]) {
    refused({ search: value }, "invalid", EXTENDED);
  }
});

Deno.test("a tag key that is not one letter is unsupported", () => {
  for (const key of ["#", "#alt", "#1", "#_", "#é", "##", "# ", "#e\n", "e"]) {
    refused({ [key]: ["x"] }, "unsupported");
  }
});

Deno.test("NIP01-56: the filter without conditions is one", () => {
  deepEqual(parseFilter({}, LIMITS), { tags: new Map() });
});

Deno.test("NIP01-57: since after until is a filter like any other", () => {
  deepEqual(parseFilter({ since: 2, until: 1 }, LIMITS), { since: 2, until: 1, tags: new Map() });
});

Deno.test("NIP01-59: what is not an object is invalid", () => {
  for (const value of [undefined, null, [], [{}], "{}", 1, true]) refused(value, "invalid");
});

Deno.test("NIP01-59: a list field that holds no list, or a wrong one, is invalid", () => {
  for (const key of ["ids", "authors", "kinds", "#t", "#e"]) {
    for (const value of ["1", 1, null, {}, true, KEY]) refused({ [key]: value }, "invalid");
  }
  for (const kind of ["1", -1, 65_536, 1.5, null, NaN]) refused({ kinds: [1, kind] }, "invalid");
  for (const value of [1, null, ["x"], "\ud800"]) refused({ "#t": ["x", value] }, "invalid");
});

Deno.test("NIP01-59: since, until and limit are integers from 0", () => {
  for (const key of ["since", "until", "limit"]) {
    const wrong = ["1", -1, 1.5, null, [1], {}, true, NaN, 9_007_199_254_740_992];
    for (const value of wrong) refused({ [key]: value }, "invalid");
  }
});

Deno.test("the values of all lists count together, doubled ones too", () => {
  const kinds = (count: number) => Array.from({ length: count }, () => 1);
  ok(!("prefix" in parseFilter({ kinds: kinds(300) }, LIMITS)));
  refused({ kinds: kinds(301) }, "invalid");
  refused({ kinds: kinds(150), "#t": kinds(151).map(String) }, "invalid");
});

Deno.test("a filter comes back from JSON as it went", () => {
  const random = new SeededRandom(30);
  const events = generateEvents(random, 100);
  for (let i = 0; i < 500; i++) {
    const filter = generateFilter(random, events);
    // The crowd also tags what is no key; such a condition has no valid JSON.
    if (["e", "p"].some((letter) => !allKeys(filter.tags.get(letter)))) continue;
    const parsed = parseFilter(toJson(filter), { maxFilterValues: 2_000 });
    ok(!("prefix" in parsed));
    deepEqual(toJson(parsed), toJson(filter));
  }
});

Deno.test("any value at all is a filter or a reason, and nothing is thrown", () => {
  const key = fc.constantFrom("ids", "kinds", "#e", "#t", "since", "limit", "search", "&t", "#no");
  fc.assert(fc.property(key, fc.jsonValue(), fc.jsonValue(), (key, value, whole) => {
    for (const candidate of [{ [key]: value }, whole]) {
      const parsed = parseFilter(candidate, EXTENDED);
      ok("prefix" in parsed ? parsed.text.length > 0 : parsed.tags instanceof Map);
    }
  }));
});

function refused(value: unknown, prefix: string, limits: FilterLimits = LIMITS): void {
  const parsed = parseFilter(value, limits);
  ok("prefix" in parsed, JSON.stringify(value));
  equal(parsed.prefix, prefix, JSON.stringify(value));
}

function allKeys(values: ReadonlySet<string> = new Set()): boolean {
  return [...values].every((value) => /^[0-9a-f]{64}$/.test(value));
}

function toJson({ tags, ...fields }: ReqFilter): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    json[name] = typeof value === "object" ? [...value] : value;
  }
  for (const [letter, values] of tags) json[`#${letter}`] = [...values];
  return json;
}
