/**
 * What live events take that wait for the EOSE of a subscription whose peer does not read.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { eventJson } from "../../src/nostr/event_json.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { FakeRelay, settle, trustingVerifier } from "../kit/fake_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

/** A store whose answers never come. */
class EndlessStore extends MemoryStore {
  override query(): ReturnType<MemoryStore["query"]> {
    const rows = (async function* () {
      await new Promise(() => {});
      yield [];
    })();
    return Object.assign(rows, { whole: () => undefined });
  }
}

Deno.test("live events that wait for an EOSE are bounded by the memory that a connection's take together", async () => {
  const author = new FakeSigner(new SeededRandom(3));
  const limits = { maxQueuedBytes: 64 * 1024, maxHeldEvents: 2_000 };
  const world = new FakeRelay({ store: new EndlessStore(), verifier: trustingVerifier, limits });
  const [holder, other, publisher] = [world.connect(), world.connect(), world.connect()];
  const publish = async (kind: number, tags: string[][], length: number) => {
    const content = "x".repeat(length);
    const event = author.sign({ kind, created_at: 1_700_000_000, tags, content });
    publisher.say(`["EVENT",${eventJson(event)}]`);
    await settle();
  };
  const closed = ({ sent }: typeof holder) =>
    sent.map((text) => JSON.parse(text)).filter(([verb]) => verb === "CLOSED").map(([, id]) => id);
  holder.say('["REQ","a",{"kinds":[20001]}]', '["REQ","b",{"kinds":[20002]}]');
  other.say('["REQ","c",{"kinds":[20002]}]');
  await settle();
  // Each takes 24 KiB: the text that was sent, and the event.
  await publish(20_001, [], 12_000);
  await publish(20_002, [], 12_001);
  deepEqual(closed(holder), []);
  await publish(20_002, [], 12_002);
  deepEqual(closed(holder), ["b"], "two subscriptions share what one connection may hold");
  deepEqual(closed(other), [], "others have their own");
  await publish(20_001, [], 12_003);
  deepEqual(closed(holder), ["b"], "what it held was given back");
  // A thousand tags are 9 KiB of text and 64 of memory.
  await publish(20_001, Array.from({ length: 1_000 }, () => ["t", "x"]), 0);
  deepEqual(closed(holder), ["b", "a"]);
  for (const peer of [holder, other, publisher]) peer.hangUp();
  await settle();
  equal(world.relay.subscriptionCount, 0);
});
