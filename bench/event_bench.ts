/**
 * Measures each step of accepting an event on the main thread, and all together: `deno bench -A
 * bench/event_bench.ts`. Each round takes the next of a thousand generated events.
 *
 * @module
 */

import { utf8, utf8Decode } from "../src/base/bytes.ts";
import { packChecks } from "../src/signatures/verify_batch.ts";
import { sha256OfText } from "../src/app/system/sha256.ts";
import {
  type ClientMessage,
  parseClientMessage,
  parseEventMessage,
} from "../src/nostr/client_message.ts";
import { eventId, serializeEvent } from "../src/nostr/event_id.ts";
import { escapedParts, eventJson } from "../src/nostr/event_json.ts";
import { parseJson } from "../src/nostr/json.ts";
import { parseEvent } from "../src/nostr/parse_event.ts";
import { okMessage } from "../src/nostr/relay_message.ts";
import { type SignatureEngine, signatureHolds } from "../src/nostr/signature.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const events = generateEvents(new SeededRandom(1), 1_000, { signed: true })
  .filter(({ content }) => content.isWellFormed());
const samples = events.map((event) => {
  const text = JSON.stringify(["EVENT", event]);
  return {
    event,
    text,
    wire: utf8(text),
    canonical: serializeEvent(event),
    json: eventJson(event),
  };
});
/** Accepts every signature, so that only the surrounding work is measured. */
const noEngine: SignatureEngine = { name: "none", verify: () => true };

type Sample = typeof samples[number];

function bench(name: string, step: (sample: Sample) => unknown): void {
  let next = 0;
  Deno.bench(name, () => void step(samples[next++ % samples.length]!));
}

bench("decode the message's UTF-8", ({ wire }) => utf8Decode(wire));
bench("parse its JSON", ({ text }) => parseJson(text));
bench("check the event's shape", ({ event }) => parseEvent(event));
bench(
  "parse the message",
  ({ text }) => parseEventMessage(parseClientMessage(text) as ClientMessage),
);
bench("write the canonical text", ({ event }) => serializeEvent(event));
bench("write the stored text", ({ event }) => eventJson(event));
bench("encode the stored text", ({ json }) => utf8(json));
bench("hash the canonical text", ({ canonical }) => sha256OfText(canonical));
bench("all of the id", ({ event }) => eventId(event, { hashText: sha256OfText }));
bench("id and stored bytes, as the publisher does it", ({ event }) => {
  const parts = escapedParts(event);
  return eventId(event, { hashText: sha256OfText, parts }) && utf8(eventJson(event, parts));
});
bench("convert one signature check", ({ event }) => signatureHolds(event, noEngine));
bench("pack one signature check", ({ event }) => packChecks([event]));
bench("write the OK", ({ event }) => okMessage(event.id, true));
