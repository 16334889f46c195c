import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { MAX_ECHOED_SUBSCRIPTION, parseClientMessage } from "../../src/nostr/client_message.ts";
import { eventId } from "../../src/nostr/event_id.ts";
import vectors from "../vectors/nip01.json" with { type: "json" };

const LIMITS = { maxFilters: 3, maxFilterValues: 10, maxSubscriptionIdLength: 64 };
const EVENT = vectors.find(({ name }) => name === "escapes-in-tags")!.event;

Deno.test("NIP01-01: EVENT carries its event", () => {
  deepEqual(parse(["EVENT", EVENT]), { type: "EVENT", event: EVENT });
});

Deno.test("NIP01-07: other escapes and spaces make the same event with the same id", () => {
  const escaped = JSON.stringify(["EVENT", EVENT], null, "\t")
    .replaceAll("/", "\\/")
    .replaceAll("ü", "\\u00fc")
    .replaceAll("escaped", "\\u0065scaped")
    .replaceAll('"kind"', '"\\u006bind"');
  ok(escaped.includes("\\u00fc") && escaped.includes("\\/"));
  const message = parseClientMessage(` \r\n${escaped} `, LIMITS);
  ok(message.type === "EVENT");
  deepEqual(message.event, EVENT);
  equal(eventId(message.event), EVENT.id);
});

Deno.test("NIP01-11: created_at with a fraction or an exponent is refused, even if a whole number", () => {
  for (const literal of ["1700000003.0", "1.700000003e9", "17e8", "1700000003E0", "-0"]) {
    const text = eventText(`"created_at":${literal}`);
    deepEqual(parseClientMessage(text, LIMITS), {
      type: "refused-event",
      id: EVENT.id,
      reason: { prefix: "invalid", text: "created_at is not an integer count of seconds" },
    }, literal);
  }
});

Deno.test("NIP01-10: kind with a fraction or an exponent is refused, even if a whole number", () => {
  const text = eventText(`"created_at":1700000003`).replace('"kind":1', '"kind": 1e0');
  equal(parseClientMessage(text, LIMITS).type, "refused-event");
});

Deno.test("odd numbers in strings and in keys that are dropped anyway do no harm", () => {
  const content = '"created_at":1.5, 2e3 [-1';
  deepEqual(parse(["EVENT", { ...EVENT, content, score: -0.5 }]), {
    type: "EVENT",
    event: { ...EVENT, content },
  });
});

Deno.test("of a doubled key the last value counts", () => {
  const text = eventText(`"created_at":1.5,"created_at":1700000003`);
  equal(parseClientMessage(text, LIMITS).type, "EVENT");
  const other = eventText(`"created_at":1700000003,"created_at":1.5`);
  equal(parseClientMessage(other, LIMITS).type, "refused-event");
});

Deno.test("NIP01-13: a broken event is refused to its id, and by notice when it has none", () => {
  const { sig: _sig, ...unsigned } = EVENT;
  const { id: _id, ...anonymous } = EVENT;
  deepEqual(parse(["EVENT", unsigned]), {
    type: "refused-event",
    id: EVENT.id,
    reason: { prefix: "invalid", text: "sig is not 128 lower-case hex digits" },
  });
  for (const broken of [anonymous, { ...EVENT, id: 1 }, null, [], "event", undefined]) {
    equal(parse(["EVENT", broken]).type, "refused");
  }
  equal(parse(["EVENT"]).type, "refused");
});

Deno.test("NIP01-25: a lone surrogate that came as an escape is refused", () => {
  const text = JSON.stringify(["EVENT", { ...EVENT, content: "\ud800" }]);
  ok(text.includes("\\ud800"));
  equal(parseClientMessage(text, LIMITS).type, "refused-event");
});

Deno.test("REQ carries its subscription and all its filters", () => {
  deepEqual(parse(["REQ", "feed", { kinds: [1] }, {}]), {
    type: "REQ",
    subscription: "feed",
    filters: [{ kinds: new Set([1]), tags: new Map() }, { tags: new Map() }],
  });
});

Deno.test("NIP01-33: a subscription id has 1 to 64 code points", () => {
  for (const id of ["a", "x".repeat(64), "🎉".repeat(64)]) {
    equal(parse(["REQ", id, {}]).type, "REQ", id);
  }
  for (const id of ["", "x".repeat(65), "🎉".repeat(65), "\ud800"]) {
    deepEqual(parse(["REQ", id, {}]), {
      type: "refused-subscription",
      subscription: id,
      reason: { prefix: "invalid", text: "subscription id is empty, too long or not well-formed" },
    });
  }
});

Deno.test("NIP01-33: a subscription id that is no string, or endless, is refused by notice", () => {
  for (const id of [1, null, {}, ["a"], undefined, "x".repeat(MAX_ECHOED_SUBSCRIPTION + 1)]) {
    for (const verb of ["REQ", "COUNT"]) equal(parse([verb, id, {}]).type, "refused");
  }
});

Deno.test("NIP01-34: quotes, backslashes, emoji and control characters are part of an id", () => {
  for (const id of ['a"b', "a\\b", "🎉", "\u0000\n", '","x']) {
    deepEqual(parse(["REQ", id, {}]), {
      type: "REQ",
      subscription: id,
      filters: [{ tags: new Map() }],
    });
  }
});

Deno.test("NIP01-53, NIP01-55, NIP01-59: one wrong filter refuses the whole REQ with its reason", () => {
  const cases: [unknown, string][] = [
    [{ ids: ["AB"] }, "invalid"],
    [{ search: "x" }, "unsupported"],
    [{ kinds: "1" }, "invalid"],
    [7, "invalid"],
  ];
  for (const [filter, prefix] of cases) {
    const message = parse(["REQ", "feed", {}, filter]);
    ok(message.type === "refused-subscription");
    equal(message.subscription, "feed");
    equal(message.reason.prefix, prefix);
  }
});

Deno.test("numbers of a filter are written as integers", () => {
  for (const filter of ['{"limit":1.0}', '{"since":1e3}', '{"kinds":[1,1.0]}', '{"until":-1}']) {
    const message = parseClientMessage(`["REQ","feed",${filter}]`, LIMITS);
    ok(message.type === "refused-subscription", filter);
    equal(message.reason.prefix, "invalid");
  }
});

Deno.test("NIP01-58: REQ without filters is invalid, and so is one with too many", () => {
  for (const filters of [[], [{}, {}, {}, {}]]) {
    const message = parse(["REQ", "feed", ...filters]);
    ok(message.type === "refused-subscription");
    equal(message.reason.prefix, "invalid");
  }
  equal(parse(["REQ", "feed", {}, {}, {}]).type, "REQ");
});

Deno.test("NIP01-35: CLOSE takes any string, and elements that nobody asked for", () => {
  for (const id of ["feed", "", "x".repeat(5_000)]) {
    deepEqual(parse(["CLOSE", id, 7]), { type: "CLOSE", subscription: id });
  }
  for (const id of [1, null, undefined]) equal(parse(["CLOSE", id]).type, "refused");
});

Deno.test("NIP45-01 COUNT carries an id and filters as REQ does", () => {
  const limits = { ...LIMITS, maxCountRows: 10 };
  const count = (...parts: unknown[]) =>
    parseClientMessage(JSON.stringify(["COUNT", ...parts]), limits);
  deepEqual(count("q", {}, { kinds: [1] }), {
    type: "COUNT",
    query: "q",
    filters: [{ tags: new Map() }, { tags: new Map(), kinds: new Set([1]) }],
  });
  for (const parts of [["q"], ["", {}], ["q", 1], ["q", { nope: 1 }]]) {
    equal(count(...parts).type, "refused-count", JSON.stringify(parts));
  }
});

Deno.test("NIP45-03 COUNT that is off is unsupported, and says so to its request", () => {
  deepEqual(parse(["COUNT", "q", {}]), {
    type: "refused-count",
    query: "q",
    reason: { prefix: "unsupported", text: "this relay does not count" },
  });
});

Deno.test("AUTH is unsupported, and says so to its event where that has an id", () => {
  deepEqual(parse(["AUTH", EVENT]), {
    type: "refused-event",
    id: EVENT.id,
    reason: { prefix: "unsupported", text: "this relay does not authenticate" },
  });
  for (const value of ["challenge", null, {}, { id: 1 }]) {
    equal(parse(["AUTH", value]).type, "refused");
  }
});

Deno.test("NIP01-62: bad JSON, no array, an empty one and unknown verbs are refused by notice", () => {
  const texts = [
    "",
    "hello",
    "{",
    "{}",
    "[]",
    "null",
    '"EVENT"',
    "[1]",
    '["event"]',
    '["NOPE","a"]',
  ];
  for (const text of texts) {
    const message = parseClientMessage(text, LIMITS);
    ok(message.type === "refused", text);
    ok(message.notice.length > 0);
  }
});

Deno.test("NIP01-62: brackets nested to the end of the message are refused", () => {
  for (const text of ["[".repeat(524_288), '["REQ","a",' + '{"ids":['.repeat(50_000)]) {
    equal(parseClientMessage(text, LIMITS).type, "refused");
  }
  const nested = "[".repeat(100_000) + "]".repeat(100_000);
  equal(parseClientMessage(`["EVENT",${nested}]`, LIMITS).type, "refused");
});

Deno.test("any text at all is a message or a refusal, and nothing is thrown", () => {
  const verb = fc.constantFrom("EVENT", "REQ", "CLOSE", "COUNT", "AUTH", "NOPE");
  const message = fc.tuple(verb, fc.jsonValue(), fc.jsonValue()).map((parts) =>
    JSON.stringify(parts)
  );
  const mangled = fc.tuple(message, fc.nat(200), fc.string()).map(([text, at, junk]) =>
    text.slice(0, at) + junk + text.slice(at + 1)
  );
  const types = new Set([
    "EVENT",
    "REQ",
    "CLOSE",
    "refused",
    "refused-event",
    "refused-subscription",
    "refused-count",
  ]);
  fc.assert(fc.property(fc.oneof(message, mangled, fc.string({ unit: "binary" })), (text) => {
    ok(types.has(parseClientMessage(text, LIMITS).type));
  }));
});

function parse(parts: readonly unknown[]) {
  return parseClientMessage(JSON.stringify(parts), LIMITS);
}

/** The EVENT message with its created_at written in another way. */
function eventText(createdAt: string): string {
  return JSON.stringify(["EVENT", EVENT]).replace('"created_at":1700000003', createdAt);
}
