import { deepEqual, equal } from "node:assert/strict";
import { SharedBytes, utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { matches } from "../../src/nostr/match.ts";
import { Broadcast, type Listener, type LiveEvent } from "../../src/relay/broadcast.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

class Ear implements Listener {
  readonly filters: readonly ReqFilter[];
  readonly heard: string[] = [];

  constructor(...filters: ReqFilter[]) {
    this.filters = filters;
  }

  deliver({ event }: LiveEvent): void {
    this.heard.push(event.id);
  }
}

function live(event: NostrEvent): LiveEvent {
  return { event, body: new SharedBytes(utf8(eventJson(event))) };
}

const tags = new Map();
const [note] = generateEvents(new SeededRandom(1), 1);

Deno.test("NIP01-28 an event that two filters of a listener match is delivered once", () => {
  const broadcast = new Broadcast();
  const ear = new Ear({ tags }, { authors: new Set([note!.pubkey]), tags });
  broadcast.add(ear);
  equal(broadcast.publish(live(note!)), 1);
  equal(broadcast.publish(live(note!)), 1, "a second publication is another delivery");
  equal(ear.heard.length, 2);
});

Deno.test("a deleted listener hears nothing and leaves no place behind", () => {
  const broadcast = new Broadcast();
  const random = new SeededRandom(2);
  const events = generateEvents(random, 200);
  const ears = Array.from(
    { length: 100 },
    () => new Ear(generateFilter(random, events), generateFilter(random, events)),
  );
  for (const ear of ears) broadcast.add(ear);
  equal(broadcast.size, 100);
  for (const ear of ears) broadcast.delete(ear);
  for (const event of events) equal(broadcast.publish(live(event)), 0);
  deepEqual([broadcast.size, broadcast.places], [0, 0]);
});

Deno.test("deleting an unknown listener changes nothing", () => {
  const broadcast = new Broadcast();
  broadcast.delete(new Ear({ tags }));
  equal(broadcast.size, 0);
});

Deno.test("a listener may be deleted while it is being delivered to", () => {
  const broadcast = new Broadcast();
  const listeners: Listener[] = [1, 2, 3].map(() => ({
    filters: [{ tags }],
    deliver: () => listeners.forEach((listener) => broadcast.delete(listener)),
  }));
  for (const listener of listeners) broadcast.add(listener);
  equal(broadcast.publish(live(note!)), 1, "the first delivery took the others away");
});

Deno.test("NIP01-54 an empty list hears nothing, whatever else the filter says", () => {
  const broadcast = new Broadcast();
  const ear = new Ear(
    { ids: new Set(), kinds: new Set([note!.kind]), tags },
    { tags: new Map([["t", new Set<string>()]]) },
  );
  broadcast.add(ear);
  equal(broadcast.publish(live(note!)), 0);
});

Deno.test("a tag named like a field of the index confuses nobody", () => {
  const broadcast = new Broadcast();
  const ear = new Ear({ tags }, { kinds: new Set([9]), tags });
  broadcast.add(ear);
  const event = { ...note!, tags: [["any", "any"], ["kinds", "9"], ["ids"]] };
  equal(broadcast.publish(live(event)), 1);
});

Deno.test("the index delivers exactly what asking every filter about every event would", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const events = generateEvents(random, 200, { ephemeral: true });
    const broadcast = new Broadcast();
    const ears = Array.from({ length: 60 }, () => {
      const filters = Array.from(
        { length: random.between(1, 3) },
        () => generateFilter(random, events),
      );
      return new Ear(...filters);
    });
    for (const ear of ears) broadcast.add(ear);
    for (const event of events) broadcast.publish(live(event));
    for (const ear of ears) {
      const expected = events.filter((event) => ear.filters.some((f) => matches(f, event)));
      deepEqual(ear.heard, expected.map(({ id }) => id), `seed ${seed}`);
    }
  }
});
