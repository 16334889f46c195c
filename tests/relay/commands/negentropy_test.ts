import { deepEqual, equal } from "node:assert/strict";
import { FakeRelay, settle } from "../../kit/fake_relay.ts";
import { recordOf, someEvent } from "../../kit/records.ts";

/** Nothing, from the beginning to the end of time. */
const NOTHING = "6100000200";

async function withEvents(count: number) {
  const world = new FakeRelay();
  await world.store.put(
    Array.from({ length: count }, (_, at) => recordOf(someEvent({ created_at: at }))),
  );
  return world;
}

async function said(peer: ReturnType<FakeRelay["connect"]>, text: string): Promise<unknown[]> {
  peer.say(text);
  await settle();
  return peer.takeSent().map((each) => JSON.parse(each));
}

Deno.test("NEG-12 as many events as may be are compared, one more is too big, and how many is said", async () => {
  const world = await withEvents(41);
  const peer = world.connect();
  const open = (filter: object) => said(peer, JSON.stringify(["NEG-OPEN", "n", filter, NOTHING]));
  deepEqual(await open({}), [["NEG-ERR", "n", "blocked: this query is too big", 40]]);
  const [[verb]] = await open({ since: 1 }) as [string[]];
  equal(verb, "NEG-MSG");
  // A limit of the filter's own means the newest.
  const [[again, , message]] = await open({ limit: 1 }) as [string[]];
  equal(again, "NEG-MSG");
  equal(message!.length, "6100000201".length + 64);
  peer.hangUp();
});

Deno.test("NEG-13 a session that says nothing is ended and told, and what it held is free again", async () => {
  const world = await withEvents(30);
  const peer = world.connect();
  await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`);
  world.clock.advance(6_000);
  await settle();
  deepEqual(peer.takeSent().map((text) => JSON.parse(text)), [
    ["NEG-ERR", "n", "closed: you took too long to answer"],
  ]);
  for (let i = 0; i < 20; i++) {
    const [[verb]] = await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`) as [string[]];
    equal(verb, "NEG-MSG");
  }
  peer.hangUp();
  await settle();
  equal(world.clock.timerCount, 0);
});

Deno.test("NEG-09 NEG-19 a session is opened anew under its id, and knows what came since", async () => {
  const world = await withEvents(0);
  const peer = world.connect();
  await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`);
  const event = someEvent({ created_at: 5 });
  await world.store.put([recordOf(event)]);
  deepEqual(await said(peer, `["NEG-MSG","n","${NOTHING}"]`), [["NEG-MSG", "n", NOTHING]]);
  deepEqual(await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`), [
    ["NEG-MSG", "n", `6100000201${event.id}`],
  ]);
  peer.hangUp();
});

Deno.test("where reconciliation is off, that is said to its request", async () => {
  const peer = new FakeRelay({ limits: { maxSyncEvents: 0 } }).connect();
  deepEqual(await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`), [
    ["NEG-ERR", "n", "blocked: this relay does not reconcile"],
  ]);
  peer.hangUp();
});

Deno.test("one client alone cannot hold all that may be compared", async () => {
  const world = await withEvents(40);
  const greedy = world.connect();
  const heard: unknown[] = [];
  for (const id of ["a", "b"]) {
    heard.push(...await said(greedy, `["NEG-OPEN","${id}",{},"${NOTHING}"]`));
  }
  deepEqual(heard.map((message) => (message as string[])[0]), ["NEG-MSG", "NEG-MSG"]);
  greedy.hangUp();
  await settle();
});
