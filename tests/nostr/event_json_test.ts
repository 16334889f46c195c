import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { eventId, serializeEvent } from "../../src/nostr/event_id.ts";
import { escapedParts, eventJson } from "../../src/nostr/event_json.ts";
import { parseEvent } from "../../src/nostr/parse_event.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const FIELDS = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"];

Deno.test("NIP01-15: JSON has exactly the seven fields in order, compact, and parses to the event", () => {
  for (const event of generateEvents(new SeededRandom(1), 500)) {
    const json = eventJson(event);
    const value = JSON.parse(json);
    deepEqual(Object.keys(value), FIELDS);
    equal(JSON.stringify(value), json);
    deepEqual(parseEvent(value), event);
  }
});

Deno.test("keys beside the seven and their order in the argument leave no trace", () => {
  const [event] = generateEvents(new SeededRandom(2), 1);
  const { sig, ...rest } = event!;
  const extended = { seen: true, sig, ...rest };
  equal(eventJson(extended), eventJson(event!));
});

Deno.test("the parts are the JSON of tags and content", () => {
  const tags = fc.array(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }));
  fc.assert(fc.property(tags, fc.string({ unit: "binary" }), (tags, content) => {
    const parts = escapedParts({ tags, content });
    deepEqual(JSON.parse(parts.tags), tags);
    equal(JSON.parse(parts.content), content);
  }));
});

Deno.test("parts that are shared make the same texts and the same id as parts that are not", () => {
  for (const event of generateEvents(new SeededRandom(8), 200)) {
    const parts = escapedParts(event);
    equal(serializeEvent(event, parts), serializeEvent(event));
    equal(eventJson(event, parts), eventJson(event));
    equal(eventId(event, { parts }), eventId(event));
  }
});
