import { deepEqual, equal, ok } from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import { eventId } from "../../src/nostr/event_id.ts";
import { hexToBytes } from "../../src/nostr/hex.ts";
import { addressOf, kindClass } from "../../src/nostr/kind.ts";
import { generateEvents } from "./event_generator.ts";
import { SeededRandom } from "./seeded_random.ts";

Deno.test("the same seed gives the same events, signed or not", () => {
  for (const signed of [true, false]) {
    const options = { signed, authors: 3 };
    deepEqual(
      generateEvents(new SeededRandom(5), 50, options),
      generateEvents(new SeededRandom(5), 50, options),
    );
  }
});

Deno.test("every id is true, and every signature of a signed crowd holds", () => {
  for (const event of generateEvents(new SeededRandom(6), 40, { signed: true, authors: 4 })) {
    equal(event.id, eventId(event));
    const { sig, id, pubkey } = event;
    ok(schnorr.verify(hexToBytes(sig), hexToBytes(id), hexToBytes(pubkey)));
  }
});

Deno.test("a crowd of thousands shows every trait that its description promises", () => {
  const events = generateEvents(new SeededRandom(7), 5_000);
  const tags = events.flatMap((event) => event.tags);
  const times = events.map((event) => event.created_at);
  const versions = new Set<string>();
  let tiedVersions = 0;
  for (const event of events) {
    const address = addressOf(event);
    if (address === undefined) continue;
    const version = JSON.stringify([address, event.created_at]);
    if (versions.has(version)) tiedVersions++;
    versions.add(version);
  }

  ok(tiedVersions > 10, "versions of the same second");
  ok(new Set(times).size < times.length, "equal times");
  ok(new Set(events.map(({ id }) => id)).size < events.length, "an event sent twice");
  ok(events.some(({ kind, tags }) => kind === 3 && tags.length > 300), "a long follow list");
  ok(events.some(({ content }) => content.includes("\u0000")), "NUL");
  ok(tags.some(([, value]) => value?.length === 3_000), "a long tag value");
  const identities = events.filter(({ kind }) => kind === 30_023)
    .map(({ tags }) => tags.filter(([name]) => name === "d"));
  ok(identities.some((found) => found.length === 0), "no d tag");
  ok(identities.some((found) => found.length === 2), "two d tags");
  ok(identities.some(([first]) => first?.length === 1), "a d tag without a value");
  ok(identities.some(([first]) => first?.[1] === ""), "an empty d");
});

Deno.test("ephemeral events and deletions appear only when asked for", () => {
  const plain = generateEvents(new SeededRandom(8), 2_000);
  ok(plain.every(({ kind }) => kindClass(kind) !== "ephemeral" && kind !== 5));

  const options = { ephemeral: true, deletions: true };
  const all = generateEvents(new SeededRandom(8), 2_000, options);
  ok(all.some(({ kind }) => kindClass(kind) === "ephemeral"));
  ok(all.some(({ kind, tags }) => kind === 5 && tags.some(([name]) => name === "a")));
});
