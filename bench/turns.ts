/**
 * How many turns of promises lie between a message and its answer, with a store, a writer and a check of
 * signatures that answer at once: what the relay's own steps cost, without database and wire.
 *
 * deno run -A bench/turns.ts
 *
 * @module
 */

import { eventJson } from "../src/nostr/event_json.ts";
import { FakeRelay, settle, trustingVerifier } from "../tests/kit/fake_relay.ts";
import type { FakePeer } from "../tests/kit/fake_peer.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { SchnorrSigner } from "../tests/kit/signer.ts";

/** More than this is not a number of turns: the answer waits for something else. */
const MOST = 10_000;

async function turnsTo(answer: string, peer: FakePeer, message: string): Promise<number> {
  peer.takeSent();
  peer.say(message);
  for (let turns = 0; turns < MOST; turns++) {
    if (peer.takeSent().some((sent) => sent.startsWith(`["${answer}"`))) return turns;
    await undefined;
  }
  throw new Error(`no ${answer} after ${MOST} turns`);
}

const relay = new FakeRelay({ verifier: trustingVerifier });
const peer = relay.connect();
await settle();
const draft = { created_at: relay.clock.nowMs() / 1_000, kind: 1, tags: [], content: "hello" };
const event = new SchnorrSigner(new SeededRandom(1)).sign(draft);
const ok = await turnsTo("OK", peer, `["EVENT",${eventJson(event)}]`);
const eose = await turnsTo("EOSE", peer, `["REQ","a",{"ids":["${event.id}"]}]`);
console.log(`EVENT to OK: ${ok} turns; REQ to EOSE: ${eose} turns`);
Deno.exit(0);
