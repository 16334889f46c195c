import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { escapedParts } from "../../src/nostr/escaped_parts.ts";
import { eventId, serializeEvent } from "../../src/nostr/event_id.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

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
