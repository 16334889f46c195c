import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { RemoteSigner } from "../../src/sync/authentication.ts";
import { RemoteRefusal } from "../../src/sync/remote_refusal.ts";
import { RateLimitRetry } from "../../src/sync/rate_limit_retry.ts";
import { RemoteRelay } from "../../src/sync/remote_relay.ts";
import { fetchEvents } from "../../src/sync/transfer.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

/** A relay at the other end that says what the test says. */
function far(signer?: RemoteSigner) {
  const sent: unknown[][] = [];
  const clock = new FakeClock();
  const remote = new RemoteRelay({
    socket: { send: (text) => void sent.push(JSON.parse(text)) },
    url: "wss://far.example",
    clock,
    timeoutMs: 1_000,
    signer,
  });
  const say = (...message: unknown[]) => remote.receive(JSON.stringify(message));
  return { sent, clock, remote, say };
}

Deno.test("events come by id until EOSE, and the subscription is closed", async () => {
  const { remote, sent, say, clock } = far();
  const [one, other, strange] = notes(3);
  const ids = [one!.id, other!.id];
  const fetching = remote.fetch(ids);
  const [, id] = sent[0]!;
  say("AUTH", "challenge");
  say("EVENT", "other", other);
  say("EVENT", id, one);
  say("EVENT", id, strange);
  say("EVENT", id, "no event");
  say("EOSE", id);
  deepEqual(await fetching, { events: [one], malformed: 1, rest: [other!.id] });
  deepEqual(sent, [["REQ", id, { ids }], ["CLOSE", id]]);
  // It may give fewer than it has, so the rest is asked for until nothing comes.
  const again = remote.fetch([other!.id]);
  say("EOSE", sent.at(-1)![1]);
  deepEqual(await again, { events: [], malformed: 0, rest: [] });
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
  const cut = [remote.fetch(["a"]), remote.publish(notes(1)[0]!)];
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
  const [one, other] = notes(2);
  const answers = [remote.publish(one!), remote.publish(other!)];
  say("OK", other!.id, false, "blocked: no");
  say("OK", one!.id, true, "");
  deepEqual(await Promise.all(answers), [
    { accepted: true, reason: "" },
    { accepted: false, reason: "blocked: no" },
  ]);
  deepEqual(sent, [["EVENT", one], ["EVENT", other]]);
});

const signer: RemoteSigner = { pubkey: "a".repeat(64), sign: () => "b".repeat(128) };

Deno.test("NIP-42: a challenge is answered, and what was refused before is asked again", async () => {
  const { remote, sent, say } = far(signer);
  const asking = remote.query({ kinds: [4] });
  say("CLOSED", sent[0]![1], "auth-required: who are you?");
  say("AUTH", "c1");
  const [verb, event] = sent.at(-1) as [string, NostrEvent];
  equal(verb, "AUTH");
  deepEqual([event.kind, event.pubkey, event.tags], [22_242, signer.pubkey, [
    ["relay", "wss://far.example"],
    ["challenge", "c1"],
  ]]);
  say("OK", event.id, true, "");
  await turns();
  const again = sent.at(-1)!;
  deepEqual([again[0], again[2]], ["REQ", { kinds: [4] }]);
  say("EOSE", again[1], ["finish"]);
  deepEqual(await asking, { events: [], malformed: 0, isWhole: true, isCut: false });
});

Deno.test("without a key, or where AUTH is refused, the refusal stands", async () => {
  const stranger = far();
  const refused = stranger.remote.query({});
  stranger.say("CLOSED", stranger.sent[0]![1], "auth-required: who are you?");
  await rejects(refused, /auth-required/);
  const { remote, sent, say, clock } = far(signer);
  say("AUTH", "c1");
  say("OK", (sent[0]![1] as NostrEvent).id, false, "restricted: not you");
  const asking = remote.query({});
  say("CLOSED", sent[1]![1], "ERROR: auth-required: who are you?");
  await rejects(asking, /auth-required/);
  equal(clock.timerCount, 0);
});

Deno.test("a challenge is signed once, and no more than a few on one connection", () => {
  const { sent, say, clock } = far(signer);
  for (let at = 0; at < 100; at++) {
    say("AUTH", `c${at}`);
    say("AUTH", `c${at}`);
  }
  say("AUTH", "c".repeat(2_000));
  equal(sent.length, 16);
  clock.advance(1_000);
  equal(clock.timerCount, 0);
});

Deno.test("a NOTICE about NEG-OPEN means that there is no reconciliation, another does not", async () => {
  const { remote, sent, say } = far();
  const refused = remote.reconcile({}, Uint8Array.of(0x61), () => undefined);
  say("NOTICE", "welcome to this relay");
  say("NOTICE", "ERROR: bad msg: negentropy disabled");
  await rejects(refused, { name: "RemoteRefusal", message: /negentropy disabled/ });
  const going = remote.reconcile({}, Uint8Array.of(0x61), () => undefined);
  const id = sent.at(-1)![1];
  say("NOTICE", "welcome to this relay");
  say("NEG-MSG", id, "61");
  await going;
});

Deno.test("a relay that sends more than was asked for is not read to the end", async () => {
  const { remote, sent, say } = far();
  const asking = remote.query({ ids: ["a"] });
  const id = sent[0]![1];
  for (let at = 0; at <= 20_000; at++) say("EVENT", id, "no event");
  await rejects(asking, /more than was asked for/);
  deepEqual(sent.at(-1), ["CLOSE", id]);
});

/** Fetches 40 events of about a mebibyte each from a relay that gives all at once. */
async function fetchLarge(large: { readonly tagsJson: string; readonly content: string }) {
  const { remote, sent, clock } = far();
  const author = new FakeSigner(new SeededRandom(1));
  const texts = new Map(
    Array.from({ length: 40 }, (_, created_at) => {
      const event = author.sign({ created_at, kind: 1, tags: [], content: "" });
      const json = JSON.stringify({ ...event, content: large.content });
      return [event.id, json.replace('"tags":[]', `"tags":${large.tagsJson}`)] as const;
    }),
  );
  const { signal } = new AbortController();
  const retry = new RateLimitRetry({ clock, random: new SeededRandom(2), signal });
  const parts: number[] = [];
  const fetching = (async () => {
    for await (const { events } of fetchEvents(texts.keys(), { remote, retry })) {
      parts.push(events.length);
    }
  })();
  for (let asked = 0; asked < 2; asked++) {
    await turns();
    const [, id, { ids }] = sent.at(-1) as [string, string, { ids: string[] }];
    for (const each of ids) remote.receive(`["EVENT","${id}",${texts.get(each)}]`);
    remote.receive(`["EOSE","${id}"]`);
  }
  await fetching;
  return parts;
}

Deno.test("an answer that is too large for memory is cut, and the rest comes in another part", async () => {
  deepEqual(await fetchLarge({ tagsJson: "[]", content: "a".repeat(1_048_576) }), [32, 8]);
});

Deno.test("an answer is as large as it was sent, with all that its tags are made of", async () => {
  const tagsJson = JSON.stringify(Array.from({ length: 1_048_576 / 5 }, () => [""]));
  deepEqual(await fetchLarge({ tagsJson, content: "" }), [32, 8]);
});

Deno.test("a reason that is no text is none", async () => {
  const { remote, sent, say } = far();
  const [event] = notes(1);
  const publishing = remote.publish(event!);
  say("OK", event!.id, false, { toString: 1 });
  deepEqual(await publishing, { accepted: false, reason: "" });
  const refused = remote.query({});
  say("CLOSED", sent.at(-1)![1], { toString: 1 });
  await rejects(refused, { name: "RemoteRefusal", message: "" });
});

Deno.test("what it says is one line, without what a terminal obeys", async () => {
  const { remote, sent, say } = far();
  const asking = remote.query({});
  say("CLOSED", sent[0]![1], `blocked:\u001b[2J\n${"x".repeat(1_000)}`);
  await rejects(asking, (error) => {
    ok(error instanceof RemoteRefusal);
    // deno-lint-ignore no-control-regex -- these must be gone
    ok(!/[\u0000-\u001f]/.test(error.message) && error.message.length <= 200);
    return true;
  });
});

Deno.test("a subscription hears events until it is ended", () => {
  const { remote, sent, say } = far();
  const heard: string[] = [];
  const end = remote.subscribe({ limit: 0 }, {
    event: ({ content }) => void heard.push(content),
    malformed: () => void heard.push("malformed"),
    stored: () => void heard.push("stored"),
    closed: ({ message }) => void heard.push(message),
  });
  const id = sent[0]![1];
  const [event] = notes(1);
  say("EOSE", id);
  say("EVENT", id, event);
  say("EVENT", id, {});
  end();
  say("EVENT", id, event);
  deepEqual(heard, ["stored", "0", "malformed"]);
  deepEqual(sent.at(-1), ["CLOSE", id]);
});

function notes(count: number): readonly NostrEvent[] {
  const author = new FakeSigner(new SeededRandom(1));
  return Array.from(
    { length: count },
    (_, at) => author.sign({ created_at: 1, kind: 1, tags: [], content: `${at}` }),
  );
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
