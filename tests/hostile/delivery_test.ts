/**
 * Events that are to be compared with very many filters.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { eventJson } from "../../src/nostr/event_json.ts";
import { FakeRelay, settle, trustingVerifier } from "../kit/fake_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

const PEERS = 5;
const EVENTS = 1_000;

Deno.test("publishers wait for one another where each event is compared with thousands of filters", async () => {
  const limits = {
    ...{ maxPendingEvents: EVENTS, maxPendingBytes: 1_000_000 },
    ...{
      maxSubscriptions: 100,
      maxFilters: 50,
      maxConnectionFilterValues: 20_000,
      maxTotalFilterValues: 1e6,
    },
  };
  const world = new FakeRelay({ verifier: trustingVerifier, limits });
  const listeners = Array.from({ length: PEERS }, () => world.connect());
  // Nothing that is published now is of these times, which a comparison finds out.
  const filters = Array.from({ length: 50 }, (_, n) => `{"kinds":[1],"until":${n},"limit":0}`);
  for (const listener of listeners) {
    for (let n = 0; n < 100; n++) listener.say(`["REQ","${n}",${filters.join()}]`);
  }
  await settle();
  const author = new FakeSigner(new SeededRandom(4));
  const publisher = world.connect();
  const publish = (peer: typeof publisher, number: number) => {
    const event = author.sign({
      kind: 1,
      created_at: 1_700_000_000 + number,
      tags: [],
      content: `${number}`,
    });
    peer.say(`["EVENT",${eventJson(event)}]`);
  };
  for (let number = 0; number < EVENTS; number++) publish(publisher, number);
  await settle();
  const { counters } = world.relay;
  const atOnce = counters.stored;
  ok(world.relay.undeliveredCount > 0, "each takes more than one turn of the thread");
  ok(atOnce < EVENTS / 2, `${atOnce} events are stored at once`);
  ok(world.relay.undeliveredCount <= atOnce);

  const other = world.connect();
  publish(other, EVENTS);
  const told = () => other.sent.some((text) => text.startsWith('["OK"'));
  let turns = 0;
  for (; !told() && turns < 10 * EVENTS; turns++) {
    world.clock.advance(0);
    await settle();
  }
  ok(told() && turns < EVENTS, `another's event is stored in ${turns} turns`);
  ok(counters.stored < EVENTS, "it waited for a turn, not for all that came before");
  for (const peer of [...listeners, publisher, other]) peer.hangUp();
  await settle();
  equal(world.relay.subscriptionCount, 0);
});
