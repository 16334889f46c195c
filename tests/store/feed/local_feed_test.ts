import { deepEqual, equal } from "node:assert/strict";
import { utf8 } from "../../../src/base/bytes.ts";
import type { EventRecord } from "../../../src/store/event_store.ts";
import { LocalFeed } from "../../../src/store/feed/local_feed.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
const event = author.sign({ kind: 1, created_at: 1, tags: [], content: "" });
const record: EventRecord = { event, json: utf8(JSON.stringify(event)) };

Deno.test("what is committed or passed is told to every follower, an empty batch to none", async () => {
  const feed = new LocalFeed();
  const told: number[] = [];
  feed.subscribe((events) => told.push(events.length));
  feed.subscribe((events) => told.push(-events.length));
  await feed.start();
  feed.announce();
  feed.committed([record, record]);
  feed.committed([]);
  feed.failed();
  feed.publishEphemeral(record);
  deepEqual(told, [2, -2, 1, -1]);
  equal(feed.wasDelivered(1), true);
  await feed.close();
});
