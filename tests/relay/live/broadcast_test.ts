import { deepEqual, equal, ok } from "node:assert/strict";
import { SharedBytes, utf8 } from "../../../src/base/bytes.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { matches } from "../../../src/nostr/match.ts";
import { Broadcast, type Listener, type LiveEvent } from "../../../src/relay/live/broadcast.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { generateFilter } from "../../kit/filter_generator.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

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

Deno.test("the end of a delivery is told once, and only where somebody received the event", () => {
  const told: (number | undefined)[] = [];
  const later: (() => void)[] = [];
  const broadcast = new Broadcast({
    onDelivered: ({ arrivedMs }) => told.push(arrivedMs),
    defer: (work) => later.push(work),
  });
  broadcast.publish({ ...live(note!), arrivedMs: 1 });
  deepEqual(told, [], "nobody listens");
  const other = new Ear({ kinds: new Set([note!.kind + 1]), tags });
  broadcast.add(other, other.filters);
  broadcast.publish({ ...live(note!), arrivedMs: 2 });
  deepEqual(told, [], "nobody listens for it");
  // More than one slice.
  const tooMany = Array.from({ length: 25_000 }, () => new Ear({ tags }));
  for (const ear of tooMany) broadcast.add(ear, ear.filters);
  broadcast.publish({ ...live(note!), arrivedMs: 3 });
  deepEqual(told, [], "not all have it");
  for (let work = later.shift(); work !== undefined; work = later.shift()) work();
  deepEqual(told, [3]);
});

Deno.test("NIP01-28 an event that two filters of a listener match is delivered once", () => {
  const broadcast = new Broadcast();
  const ear = new Ear({ tags }, { authors: new Set([note!.pubkey]), tags });
  broadcast.add(ear, ear.filters);
  broadcast.publish(live(note!));
  equal(ear.heard.length, 1);
  broadcast.publish(live(note!));
  equal(ear.heard.length, 2, "a second publication is another delivery");
});

Deno.test("a deleted listener hears nothing and leaves no place behind", () => {
  const broadcast = new Broadcast();
  const random = new SeededRandom(2);
  const events = generateEvents(random, 200);
  const ears = Array.from(
    { length: 100 },
    () => new Ear(generateFilter(random, events), generateFilter(random, events)),
  );
  for (const ear of ears) broadcast.add(ear, ear.filters);
  equal(broadcast.size, 100);
  for (const ear of ears) broadcast.delete(ear);
  for (const event of events) broadcast.publish(live(event));
  equal(ears.reduce((heard, ear) => heard + ear.heard.length, 0), 0);
  deepEqual([broadcast.size, broadcast.values], [0, 0]);
});

Deno.test("deleting an unknown listener changes nothing", () => {
  const broadcast = new Broadcast();
  broadcast.delete(new Ear({ tags }));
  equal(broadcast.size, 0);
});

Deno.test("a listener may be deleted while it is being delivered to", () => {
  const broadcast = new Broadcast();
  let delivered = 0;
  const listeners: Listener[] = [1, 2, 3].map(() => ({
    deliver: () => {
      delivered++;
      listeners.forEach((listener) => broadcast.delete(listener));
    },
  }));
  for (const listener of listeners) broadcast.add(listener, [{ tags }]);
  broadcast.publish(live(note!));
  equal(delivered, 1, "the first delivery took the others away");
});

Deno.test("NIP01-54 an empty list hears nothing, whatever else the filter says", () => {
  const broadcast = new Broadcast();
  const ear = new Ear(
    { ids: new Set(), kinds: new Set([note!.kind]), tags },
    { tags: new Map([["t", new Set<string>()]]) },
  );
  broadcast.add(ear, ear.filters);
  broadcast.publish(live(note!));
  deepEqual(ear.heard, []);
});

Deno.test("a tag named like a field of the index confuses nobody", () => {
  const broadcast = new Broadcast();
  const ear = new Ear({ tags }, { kinds: new Set([9]), tags }, { ids: new Set(["1"]), tags });
  broadcast.add(ear, ear.filters);
  const event = {
    ...note!,
    tags: [["any", "any"], ["kinds", "9"], ["ids"], ["ids", "1"], ["#t", "1"]],
  };
  broadcast.publish(live(event));
  deepEqual(ear.heard, [event.id]);
  equal(broadcast.comparisons, 1);
});

Deno.test("an event with thousands of equal tags is compared once with each filter", () => {
  const broadcast = new Broadcast();
  for (let i = 0; i < 100; i++) {
    const tags = new Map([["t", new Set(["x"])], ["p", new Set([`${i}`])]]);
    broadcast.add(new Ear(...Array.from({ length: 50 }, () => ({ tags }))), [
      ...Array.from({ length: 50 }, () => ({ tags })),
    ]);
  }
  broadcast.publish(live({ ...note!, tags: Array.from({ length: 5_000 }, () => ["t", "x"]) }));
  ok(broadcast.comparisons <= 5_000, `${broadcast.comparisons} comparisons`);
});

Deno.test("a filter that stands under several tags of an event is compared with it once", () => {
  const broadcast = new Broadcast();
  const values = Array.from({ length: 1_000 }, (_, i) => `${i}`);
  const tags = new Map([["t", new Set(values)]]);
  for (let i = 0; i < 10; i++) broadcast.add(new Ear({ tags, until: 0 }), [{ tags, until: 0 }]);
  broadcast.publish(live({ ...note!, tags: values.map((value) => ["t", value]) }));
  equal(broadcast.comparisons, 10);
});

Deno.test("100,000 filters for one author are not all asked, where they ask for something else too", () => {
  const broadcast = new Broadcast();
  for (let i = 0; i < 2_000; i++) {
    const filters = Array.from({ length: 50 }, (_, j) => ({
      authors: new Set([note!.pubkey]),
      tags: new Map([["p", new Set([`${i} ${j}`])]]),
    }));
    broadcast.add(new Ear(...filters), [...filters]);
  }
  broadcast.publish(live(note!));
  ok(broadcast.comparisons < 1_000, `${broadcast.comparisons} comparisons`);
});

Deno.test("a long delivery lets others have their turn, and keeps the order of events", () => {
  const turns: (() => void)[] = [];
  const broadcast = new Broadcast({ defer: (work) => turns.push(work) });
  const ears = Array.from({ length: 50_000 }, () => new Ear({ tags }));
  for (const ear of ears) broadcast.add(ear, ear.filters);
  const [first, second] = generateEvents(new SeededRandom(7), 2);
  broadcast.publish(live(first!));
  broadcast.publish(live(second!));
  const late = new Ear({ tags });
  broadcast.add(late, late.filters);
  equal(broadcast.isPublishing(first!), true);
  let taken = 0;
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    taken++;
    turn();
  }
  ok(taken >= 4, `${taken} turns`);
  equal(broadcast.isPublishing(second!), false);
  for (const ear of ears) deepEqual(ear.heard, [first!.id, second!.id]);
  deepEqual(late.heard, [], "it began to listen when both had been published");
});

Deno.test("events that wait behind a long delivery are bounded in number", () => {
  const broadcast = new Broadcast({ defer: () => {} });
  for (let i = 0; i < 30_000; i++) broadcast.add(new Ear({ tags }), [{ tags }]);
  const ear = new Ear({ tags });
  broadcast.add(ear, ear.filters);
  for (let i = 0; i < 20_005; i++) broadcast.publish(live(note!));
  equal(ear.heard.length, 5);
});

Deno.test("a listener that throws keeps no other from hearing", () => {
  const faults: unknown[] = [];
  const broadcast = new Broadcast({ onFault: (error) => faults.push(error) });
  const broken = {
    deliver: () => {
      throw new Error("broken");
    },
  };
  const ear = new Ear({ tags });
  broadcast.add(broken, [{ tags }]);
  broadcast.add(ear, ear.filters);
  broadcast.publish(live(note!));
  deepEqual([faults.length, ear.heard.length], [1, 1]);
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
    for (const ear of ears) broadcast.add(ear, ear.filters);
    for (const event of events) broadcast.publish(live(event));
    for (const ear of ears) {
      const expected = events.filter((event) => ear.filters.some((f) => matches(f, event)));
      deepEqual(ear.heard, expected.map(({ id }) => id), `seed ${seed}`);
    }
  }
});
