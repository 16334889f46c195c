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
import type { Database, Session, Statement } from "../src/store/database/database.ts";
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
class DatabaseOfOne implements Database {
  readonly #event: NostrEvent;
  readonly #json: Uint8Array;

  constructor(event: NostrEvent) {
    this.#event = event;
    this.#json = new TextEncoder().encode(eventJson(event));
  }

  query<Row>({ text }: Statement<Row>): Promise<readonly Row[]> {
    const { id, created_at: createdAt } = this.#event;
    const row = { id, createdAt, key: 1, seq: 1, lane: 0, absentBytes: 0, json: this.#json };
    const isAnswered = /^(insert into events|select found)/.test(text);
    return Promise.resolve((isAnswered ? [row] : []) as readonly unknown[] as readonly Row[]);
  }

  script(): Promise<void> {
    return Promise.resolve();
  }

  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return work(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
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
const stores: Record<string, EventStore> = {
  "a store in memory": new MemoryStore(clock),
  "a database": new SqlStore(new DatabaseOfOne(event), portableHashText),
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
