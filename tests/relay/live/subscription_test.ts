import { deepEqual, equal } from "node:assert/strict";
import { SharedBytes, utf8, utf8Decode } from "../../../src/base/bytes.ts";
import type { LiveEvent } from "../../../src/relay/live/broadcast.ts";
import { Subscription } from "../../../src/relay/live/subscription.ts";

function live(id: string): LiveEvent {
  const event = { id, pubkey: "", created_at: 0, kind: 1, tags: [], content: "", sig: "" };
  return { event, body: new SharedBytes(utf8("{}")) };
}

function stored(id: string) {
  return { seq: 1, id, createdAt: 0, json: utf8("{}") };
}

function open(onLive: (subscription: Subscription, live: LiveEvent) => void = () => {}) {
  return new Subscription({ id: 's"1', filters: [], onLive });
}

function ids(events: Iterable<LiveEvent>): string[] {
  return [...events].map(({ event }) => event.id);
}

Deno.test("NIP01-26 live events wait for the end of the stored ones", () => {
  const subscription = open();
  equal(subscription.admitLive(live("a")), false);
  equal(subscription.heldCount, 1);
  deepEqual(ids(subscription.goLive()), ["a"]);
  equal(subscription.admitLive(live("b")), true);
  equal(subscription.heldCount, 0);
});

Deno.test("NIP01-38 an event told before its row comes is sent as stored only", () => {
  const subscription = open();
  subscription.admitLive(live("a"));
  subscription.noteStored(stored("a"), true);
  deepEqual(ids(subscription.goLive()), []);
});

Deno.test("NIP01-38 an event told after its row came is skipped, before and after EOSE", () => {
  const subscription = open();
  subscription.noteStored(stored("a"), false);
  subscription.noteStored(stored("b"), false);
  equal(subscription.admitLive(live("a")), false);
  deepEqual(ids(subscription.goLive()), []);
  equal(subscription.admitLive(live("b")), false);
  equal(subscription.admitLive(live("b")), true, "it is expected once");
});

Deno.test("NIP01-38 an event that was held is not expected again", () => {
  const subscription = open();
  subscription.admitLive(live("a"));
  subscription.noteStored(stored("a"), false);
  deepEqual(ids(subscription.goLive()), []);
  equal(subscription.admitLive(live("a")), true, "it was told before");
});

Deno.test("an ended subscription aborts its query and is not open", () => {
  const subscription = open();
  equal(subscription.isOpen, true);
  subscription.end();
  equal(subscription.signal.aborted, true);
  equal(subscription.isOpen, false);
});

Deno.test("what the broadcast delivers comes with the subscription", () => {
  const heard: [string, string][] = [];
  const subscription = open(({ id }, { event }) => heard.push([id, event.id]));
  subscription.listener.deliver(live("a"));
  deepEqual(heard, [['s"1', "a"]]);
  equal(utf8Decode(subscription.head), '["EVENT","s\\"1",');
});
