import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_ECHOED_SUBSCRIPTION,
  parseClientMessage,
  parseClose,
  parseEventMessage,
  parseRequest,
} from "../../src/nostr/client_message.ts";
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
  const message = parseText(` \r\n${escaped} `);
  ok(message.type === "EVENT");
  deepEqual(message.event, EVENT);
  equal(eventId(message.event), EVENT.id);
});

Deno.test("NIP01-11: created_at with a fraction or an exponent is refused, even if a whole number", () => {
  for (const literal of ["1700000003.0", "1.700000003e9", "17e8", "1700000003E0", "-0"]) {
    const text = eventText(`"created_at":${literal}`);
    deepEqual(parseText(text), {
      type: "refused-event",
      id: EVENT.id,
      reason: { prefix: "invalid", text: "created_at is not an integer count of seconds" },
    }, literal);
  }
});

Deno.test("NIP01-10: kind with a fraction or an exponent is refused, even if a whole number", () => {
  const text = eventText(`"created_at":1700000003`).replace('"kind":1', '"kind": 1e0');
  equal(parseText(text).type, "refused-event");
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
  equal(parseText(text).type, "EVENT");
  const other = eventText(`"created_at":1700000003,"created_at":1.5`);
  equal(parseText(other).type, "refused-event");
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
  equal(parseText(text).type, "refused-event");
});

Deno.test("REQ carries its subscription and all its filters", () => {
  deepEqual(parse(["REQ", "feed", { kinds: [1] }, {}]), {
    type: "REQ",
    id: "feed",
    filters: [{ kinds: new Set([1]), tags: new Map() }, { tags: new Map() }],
  });
});

Deno.test("NIP01-33: a subscription id has 1 to 64 code points", () => {
  for (const id of ["a", "x".repeat(64), "🎉".repeat(64)]) {
    equal(parse(["REQ", id, {}]).type, "REQ", id);
  }
  for (const id of ["", "x".repeat(65), "🎉".repeat(65), "\ud800"]) {
    deepEqual(parse(["REQ", id, {}]), {
      type: "refused-request",
      id,
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
      id,
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
    ok(message.type === "refused-request");
    equal(message.id, "feed");
    equal(message.reason.prefix, prefix);
  }
});

Deno.test("numbers of a filter are written as integers", () => {
  for (const filter of ['{"limit":1.0}', '{"since":1e3}', '{"kinds":[1,1.0]}', '{"until":-1}']) {
    const message = parseText(`["REQ","feed",${filter}]`);
    ok(message.type === "refused-request", filter);
    equal(message.reason.prefix, "invalid");
  }
});

Deno.test("NIP01-58: REQ without filters is invalid, and so is one with too many", () => {
  for (const filters of [[], [{}, {}, {}, {}]]) {
    const message = parse(["REQ", "feed", ...filters]);
    ok(message.type === "refused-request");
    equal(message.reason.prefix, "invalid");
  }
  equal(parse(["REQ", "feed", {}, {}, {}]).type, "REQ");
});

Deno.test("NIP01-35: CLOSE takes any string, and elements that nobody asked for", () => {
  for (const id of ["feed", "", "x".repeat(5_000)]) {
    deepEqual(parse(["CLOSE", id, 7]), { type: "CLOSE", id });
  }
  for (const id of [1, null, undefined]) equal(parse(["CLOSE", id]).type, "refused");
});

Deno.test("NIP45-01 COUNT carries an id and filters as REQ does", () => {
  deepEqual(parse(["COUNT", "q", {}, { kinds: [1] }]), {
    type: "REQ",
    id: "q",
    filters: [{ tags: new Map() }, { tags: new Map(), kinds: new Set([1]) }],
  });
  for (const parts of [["q"], ["", {}], ["q", 1], ["q", { nope: 1 }]]) {
    equal(parse(["COUNT", ...parts]).type, "refused-request", JSON.stringify(parts));
  }
});

Deno.test("NIP42-01 AUTH carries an event as EVENT does", () => {
  deepEqual(parse(["AUTH", EVENT]), { type: "EVENT", event: EVENT });
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
    const message = parseText(text);
    ok(message.type === "refused" || message.type === "unknown", text);
  }
});

Deno.test("NIP01-62: brackets nested to the end of the message are refused", () => {
  for (const text of ["[".repeat(524_288), '["REQ","a",' + '{"ids":['.repeat(50_000)]) {
    equal(parseText(text).type, "refused");
  }
  const nested = "[".repeat(100_000) + "]".repeat(100_000);
  equal(parseText(`["EVENT",${nested}]`).type, "refused");
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
    "refused-request",
    "unknown",
  ]);
  fc.assert(fc.property(fc.oneof(message, mangled, fc.string({ unit: "binary" })), (text) => {
    ok(types.has(parseText(text).type));
  }));
});

function parse(parts: readonly unknown[]) {
  return parseText(JSON.stringify(parts));
}

/** What a message is, told by how it is answered. */
function parseText(text: string) {
  const message = parseClientMessage(text);
  if ("notice" in message) return { type: "refused", ...message } as const;
  switch (message.verb) {
    case "EVENT":
    case "AUTH": {
      const parsed = parseEventMessage(message);
      if ("event" in parsed) return { type: "EVENT", ...parsed } as const;
      return "id" in parsed
        ? { type: "refused-event", ...parsed } as const
        : { type: "refused", ...parsed } as const;
    }
    case "REQ":
    case "COUNT": {
      const parsed = parseRequest(message, LIMITS);
      if ("filters" in parsed) return { type: "REQ", ...parsed } as const;
      return "id" in parsed
        ? { type: "refused-request", ...parsed } as const
        : { type: "refused", ...parsed } as const;
    }
    case "CLOSE": {
      const parsed = parseClose(message);
      return "id" in parsed
        ? { type: "CLOSE", ...parsed } as const
        : { type: "refused", ...parsed } as const;
    }
    default:
      return { type: "unknown", notice: message.verb } as const;
  }
}

/** The EVENT message with its created_at written in another way. */
function eventText(createdAt: string): string {
  return JSON.stringify(["EVENT", EVENT]).replace('"created_at":1700000003', createdAt);
}
