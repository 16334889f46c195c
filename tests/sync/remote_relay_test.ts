import { deepEqual, equal, rejects } from "node:assert/strict";
import { RemoteRefusal, RemoteRelay } from "../../src/sync/remote_relay.ts";
import { FakeClock } from "../kit/fake_clock.ts";

/** A relay at the other end that says what the test says. */
function far() {
  const sent: unknown[][] = [];
  const clock = new FakeClock();
  const remote = new RemoteRelay(
    { send: (text) => void sent.push(JSON.parse(text)) },
    clock,
    1_000,
  );
  const say = (...message: unknown[]) => remote.receive(JSON.stringify(message));
  return { sent, clock, remote, say };
}

Deno.test("events come by id until EOSE, and the subscription is closed", async () => {
  const { remote, sent, say, clock } = far();
  const fetching = remote.fetch(["a", "b"]);
  const [, id] = sent[0]!;
  say("AUTH", "challenge");
  say("EVENT", "other", { id: "x" });
  say("EVENT", id, { id: "a" });
  say("EVENT", id, "no event");
  say("EOSE", id);
  deepEqual(await fetching, ['{"id":"a"}']);
  deepEqual(sent, [["REQ", id, { ids: ["a", "b"] }], ["CLOSE", id]]);
  equal(clock.timerCount, 0);
});

Deno.test("refusals, silence and the end of the connection are told apart", async () => {
  const { remote, sent, say, clock } = far();
  const refused = remote.fetch(["a"]);
  say("CLOSED", sent[0]![1], "auth-required: who are you?");
  await rejects(refused, { name: "RemoteRefusal", message: "auth-required: who are you?" });
  const silent = remote.fetch(["a"]);
  clock.advance(1_000);
  await rejects(silent, /silent for 1000 ms/);
  const cut = [remote.fetch(["a"]), remote.publish("b", "{}")];
  remote.disconnected("it hung up");
  for (const each of cut) await rejects(each, /it hung up/);
  equal(clock.timerCount, 0);
});

Deno.test("a reconciliation goes on until all is known, and says how much is too much", async () => {
  const { remote, sent, say } = far();
  const heard: string[] = [];
  const done = remote.reconcile({ kinds: [1] }, Uint8Array.of(0x61), (answer) => {
    heard.push(answer.toHex());
    return heard.length === 2 ? undefined : Uint8Array.of(0x62);
  });
  const [, id] = sent[0]!;
  say("NEG-MSG", id, "6101");
  say("NEG-MSG", id, "6102");
  await done;
  deepEqual(heard, ["6101", "6102"]);
  deepEqual(sent, [
    ["NEG-OPEN", id, { kinds: [1] }, "61"],
    ["NEG-MSG", id, "62"],
    ["NEG-CLOSE", id],
  ]);
  const refused = remote.reconcile({}, Uint8Array.of(0x61), () => undefined);
  say("NEG-ERR", sent.at(-1)![1], "blocked: this query is too big", 10);
  await rejects(refused, (error) => error instanceof RemoteRefusal && error.maxEvents === 10);
  const nonsense = remote.reconcile({}, Uint8Array.of(0x61), () => undefined);
  say("NEG-MSG", sent.at(-1)![1], "no hex");
  await rejects(nonsense);
});

Deno.test("an event is answered by its OK", async () => {
  const { remote, sent, say } = far();
  const answers = [remote.publish("a", '{"id":"a"}'), remote.publish("b", '{"id":"b"}')];
  say("OK", "b", false, "blocked: no");
  say("OK", "a", true, "");
  deepEqual(await Promise.all(answers), [
    { accepted: true, reason: "" },
    { accepted: false, reason: "blocked: no" },
  ]);
  deepEqual(sent, [["EVENT", { id: "a" }], ["EVENT", { id: "b" }]]);
});
