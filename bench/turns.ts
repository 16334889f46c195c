/**
 * How many turns of promises lie between a message and its answer, with a database and a check of
 * signatures that answer at once: what the steps of the relay and of its store cost, without wire.
 *
 * deno run -A bench/turns.ts
 *
 * @module
 */

import type { NostrEvent } from "../src/nostr/event.ts";
import { eventJson } from "../src/nostr/event_json.ts";
import { portableHashText } from "../src/nostr/event_id.ts";
import type { Statement } from "../src/store/database/database.ts";
import { utf8 } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import { ScriptedDatabase } from "../tests/kit/scripted_database.ts";
import { WindowStore } from "../src/store/window/window_store.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { SqlStore } from "../src/store/sql_store.ts";
import { BatchWriter } from "../src/store/write/batch_writer.ts";
import { FakeRelay, settle, trustingVerifier } from "../tests/kit/fake_relay.ts";
import { FakeClock } from "../tests/kit/fake_clock.ts";
import type { FakePeer } from "../tests/kit/fake_peer.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { SchnorrSigner } from "../tests/kit/signer.ts";
import type { EventStore } from "../src/store/event_store.ts";

/** More than this is not a number of turns: the answer waits for something else. */
const MOST = 10_000;

/** Stores and finds one event, without reading SQL. */
class DatabaseOfOne extends ScriptedDatabase {
  readonly #row: unknown;

  constructor({ id, created_at: createdAt, ...event }: NostrEvent) {
    super();
    const json = utf8(eventJson({ id, created_at: createdAt, ...event }));
    this.#row = { id, createdAt, key: 1, seq: 1, lane: 0, absentBytes: 0, json };
  }

  override query<Row>({ text }: Statement<Row>): Promise<readonly Row[]> {
    const isAnswered = /^(insert into events|select found)/.test(text);
    return Promise.resolve((isAnswered ? [this.#row] : []) as readonly Row[]);
  }
}

async function turnsTo(answer: string, peer: FakePeer, message: string): Promise<number> {
  peer.takeSent();
  peer.say(message);
  let isAnswered = false;
  for (let turns = 0; turns < MOST; turns++) {
    const sent = peer.takeSent();
    isAnswered ||= sent.some((one) => one.startsWith('["EVENT"'));
    if (sent.some((one) => one.startsWith(`["${answer}"`))) {
      if (answer === "EOSE" && !isAnswered) throw new Error("EOSE without the event");
      return turns;
    }
    await undefined;
  }
  throw new Error(`no ${answer} after ${MOST} turns`);
}

const clock = new FakeClock();
const draft = {
  created_at: Math.floor(clock.nowMs() / 1_000),
  kind: 1,
  tags: [],
  content: "hello",
};
const event = new SchnorrSigner(new SeededRandom(1)).sign(draft);
const filled = new WindowStore(new MemoryStore(clock), {
  maxBytes: 1e6,
  clock,
  random: new SeededRandom(3),
});
await filled.feed.start({ clock, log: silentLog });
const stores: Record<string, EventStore> = {
  "a window that has the event": filled,
  "a store in memory": new MemoryStore(clock),
  "a database": new SqlStore(new DatabaseOfOne(event), portableHashText),
  // Not started, it holds nothing.
  "a database behind a window": new WindowStore(
    new SqlStore(new DatabaseOfOne(event), portableHashText),
    { maxBytes: 1_000, clock, random: new SeededRandom(2) },
  ),
};
for (const [name, store] of Object.entries(stores)) {
  const writer = new BatchWriter(store);
  const relay = new FakeRelay({ verifier: trustingVerifier, store, writer });
  const peer = relay.connect();
  await settle();
  const ok = await turnsTo("OK", peer, `["EVENT",${eventJson(event)}]`);
  const eose = await turnsTo("EOSE", peer, `["REQ","a",{"ids":["${event.id}"]}]`);
  console.log(`${name}: EVENT to OK: ${ok} turns; REQ to EOSE: ${eose} turns`);
}
Deno.exit(0);
