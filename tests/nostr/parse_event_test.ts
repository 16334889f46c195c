import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { MAX_ECHOED_ID, parseEvent } from "../../src/nostr/parse_event.ts";
import vectors from "../vectors/nip01.json" with { type: "json" };

const EVENT = vectors.find(({ name }) => name === "escapes-in-tags")!.event;

Deno.test("NIP01-01: a valid event is itself again, as a fresh object", () => {
  const parsed = parseEvent(EVENT);
  deepEqual(parsed, EVENT);
  ok(parsed !== EVENT);
});

Deno.test("keys that NIP-01 does not name are dropped", () => {
  deepEqual(parseEvent({ ...EVENT, seen_on: ["wss://a"], __proto__: { x: 1 } }), EVENT);
});

Deno.test("NIP01-09: upper-case hex is refused in id, pubkey and sig", () => {
  for (const field of ["id", "pubkey", "sig"] as const) {
    refused({ [field]: EVENT[field].toUpperCase() });
  }
});

Deno.test("NIP01-09: hex of another length, or no hex, is refused in id, pubkey and sig", () => {
  for (const field of ["id", "pubkey", "sig"] as const) {
    const hex = EVENT[field];
    for (const wrong of ["", hex.slice(1), `${hex}0`, `g${hex.slice(1)}`, 1, null, [hex]]) {
      refused({ [field]: wrong });
    }
  }
});

Deno.test("NIP01-10: kind is an integer from 0 to 65535", () => {
  for (const kind of [0, 65_535]) deepEqual(parseEvent({ ...EVENT, kind }), { ...EVENT, kind });
  for (const kind of [65_536, -1, 1.5, "1", null, NaN, [1], true]) refused({ kind });
});

Deno.test("NIP01-11: created_at is an integer from 0 that a double holds exactly", () => {
  for (const created_at of [0, 9_007_199_254_740_991]) {
    deepEqual(parseEvent({ ...EVENT, created_at }), { ...EVENT, created_at });
  }
  for (const created_at of [-1, 1.5, "1700000000", null, 9_007_199_254_740_992, NaN, Infinity]) {
    refused({ created_at });
  }
});

Deno.test("NIP01-12: tags are non-empty lists of strings", () => {
  const wrong = [null, "e", {}, [null], [[]], [["e"], []], [["e", null]], [["e", 1]], [["e", [
    "x",
  ]]]];
  for (const tags of wrong) refused({ tags });
  for (const tags of [[], [[""]], [["e"], ["p", "", ""]]]) {
    deepEqual(parseEvent({ ...EVENT, tags }), { ...EVENT, tags });
  }
});

Deno.test("NIP01-13: each field must be there", () => {
  for (const field of Object.keys(EVENT)) {
    const { [field]: _, ...rest } = EVENT as Record<string, unknown>;
    const parsed = parseEvent(rest);
    ok("reason" in parsed, field);
    equal(parsed.reason.prefix, "invalid");
    equal(parsed.id, field === "id" ? undefined : EVENT.id);
  }
});

Deno.test("what is not an object is refused without an id", () => {
  for (const value of [undefined, null, 1, "", true, [], [EVENT]]) {
    const parsed = parseEvent(value);
    ok("reason" in parsed);
    equal(parsed.id, undefined);
  }
});

Deno.test("NIP01-25: lone surrogates are refused in content and tags, pairs are not", () => {
  for (const lone of ["\ud800", "a\udc00", "\udc00\ud800"]) {
    refused({ content: lone });
    refused({ tags: [["t", lone]] });
    refused({ tags: [[lone]] });
  }
  const content = "\ud83c\udf89";
  deepEqual(parseEvent({ ...EVENT, content }), { ...EVENT, content });
});

Deno.test("non-characters and NUL are accepted", () => {
  const content = "\u0000\ufffe\uffff\u{1fffe}";
  deepEqual(parseEvent({ ...EVENT, content }), { ...EVENT, content });
});

Deno.test("the wrong id is repeated while it is short and well-formed", () => {
  const cases: [unknown, string | undefined][] = [
    ["not an id", "not an id"],
    ["x".repeat(MAX_ECHOED_ID), "x".repeat(MAX_ECHOED_ID)],
    ["x".repeat(MAX_ECHOED_ID + 1), undefined],
    ["", undefined],
    ["\ud800", undefined],
    [7, undefined],
  ];
  for (const [id, echoed] of cases) {
    const parsed = parseEvent({ ...EVENT, id });
    ok("reason" in parsed);
    equal(parsed.id, echoed);
  }
});

Deno.test("any value at all is an event or a fault, and nothing is thrown", () => {
  const field = fc.constantFrom(...Object.keys(EVENT));
  fc.assert(fc.property(field, fc.jsonValue(), fc.jsonValue(), (field, wrong, whole) => {
    for (const value of [{ ...EVENT, [field]: wrong }, whole]) {
      const parsed = parseEvent(value);
      ok("reason" in parsed ? parsed.reason.prefix === "invalid" : parsed.sig.length === 128);
    }
  }));
});

/** Asserts that the event with these fields changed is `invalid`, and that the refusal names its id. */
function refused(change: Readonly<Record<string, unknown>>): void {
  const value = { ...EVENT, ...change };
  const parsed = parseEvent(value);
  ok("reason" in parsed, JSON.stringify(change));
  equal(parsed.reason.prefix, "invalid");
  if (!("id" in change)) equal(parsed.id, EVENT.id);
}
