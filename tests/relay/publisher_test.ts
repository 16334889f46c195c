import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { reason } from "../../src/nostr/reason.ts";
import { Broadcast } from "../../src/relay/broadcast.ts";
import { zeroCounters } from "../../src/relay/counters.ts";
import { Outage } from "../../src/relay/outage.ts";
import { Publisher, type PublisherOptions } from "../../src/relay/publisher.ts";
import type { PutOutcome } from "../../src/store/event_store.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { trustingVerifier } from "../kit/pretend_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
const note = author.sign({ kind: 1, created_at: 1, tags: [], content: "" });

/** A publisher that notes in order what it asks of whom. */
function watched(over: Partial<PublisherOptions> = {}, outcome: PutOutcome = "stored") {
  const steps: string[] = [];
  const broadcast = new Broadcast();
  const heard = () => steps.push("broadcast");
  broadcast.add({ filters: [{ tags: new Map() }], deliver: heard });
  const clock = new FakeClock();
  const counters = zeroCounters();
  const publisher = new Publisher({
    writer: { write: () => (steps.push("write"), Promise.resolve(outcome)) },
    verifier: { verify: () => (steps.push("verify"), Promise.resolve(true)) },
    policy: () => (steps.push("policy"), undefined),
    hashText: undefined,
    writing: new Outage("writing", silentLog, clock),
    ...{ broadcast, clock, counters },
    ...over,
  });
  return { publisher, steps, counters };
}

function prefixOf(verdict: { readonly reason?: { readonly prefix: string } }): string | undefined {
  return verdict.reason?.prefix;
}

Deno.test("an event goes from the cheapest check to the dearest, then is stored, then told", async () => {
  const { publisher, steps, counters } = watched();
  deepEqual(await publisher.publish(note), { accepted: true });
  deepEqual(steps, ["policy", "verify", "write", "broadcast"]);
  equal(counters.stored, 1);
});

Deno.test("NIP01-02 a wrong id costs nothing more than a hash", async () => {
  const { publisher, steps, counters } = watched();
  const verdict = await publisher.publish({ ...note, content: "forged" });
  deepEqual([verdict.accepted, prefixOf(verdict)], [false, "invalid"]);
  deepEqual(steps, []);
  equal(counters.refused, 1);
});

Deno.test("what a policy refuses is not verified", async () => {
  const { publisher, steps } = watched({ policy: () => reason("blocked", "not here") });
  equal(prefixOf(await publisher.publish(note)), "blocked");
  deepEqual(steps, []);
});

Deno.test("NIP01-03 what is not signed is not stored", async () => {
  const { publisher, steps } = watched({ verifier: { verify: () => Promise.resolve(false) } });
  equal(prefixOf(await publisher.publish(note)), "invalid");
  deepEqual(steps, ["policy"]);
});

Deno.test("NIP01-14 a regular event that was stored is known from then on", async () => {
  const { publisher, steps, counters } = watched();
  await publisher.publish(note);
  const again = await publisher.publish(note);
  deepEqual([again.accepted, prefixOf(again)], [true, "duplicate"]);
  deepEqual(steps, ["policy", "verify", "write", "broadcast", "policy"]);
  equal(counters.duplicate, 1);
});

Deno.test("a replaceable event is asked about again, since a newer one may have taken its place", async () => {
  const { publisher, steps } = watched();
  const profile = author.sign({ kind: 0, created_at: 1, tags: [], content: "" });
  await publisher.publish(profile);
  await publisher.publish(profile);
  equal(steps.filter((step) => step === "write").length, 2);
});

Deno.test("NIP01-18 a superseded event is refused and told to nobody", async () => {
  const { publisher, steps } = watched({}, "superseded");
  const verdict = await publisher.publish(note);
  deepEqual([verdict.accepted, prefixOf(verdict)], [false, "duplicate"]);
  deepEqual(steps, ["policy", "verify", "write"]);
});

Deno.test("NIP01-23 an ephemeral event is told and not written", async () => {
  const { publisher, steps, counters } = watched();
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  equal((await publisher.publish(typing)).accepted, true);
  deepEqual(steps, ["policy", "verify", "broadcast"]);
  equal(counters.ephemeral, 1);
});

Deno.test("an event is unannounced from before its write until after its broadcast", async () => {
  const seen: boolean[] = [];
  const broadcast = new Broadcast();
  const look = (event: NostrEvent) => seen.push(publisher.isUnannounced(event.id));
  broadcast.add({ filters: [{ tags: new Map() }], deliver: ({ event }) => look(event) });
  const { publisher } = watched({
    broadcast,
    verifier: trustingVerifier,
    writer: { write: ({ event }) => (look(event), Promise.resolve("stored")) },
  });
  await publisher.publish(note);
  look(note);
  deepEqual(seen, [true, true, false]);
});

Deno.test("of one event published twice at once the first end does not hide the second", async () => {
  const outcomes = [Promise.withResolvers<PutOutcome>(), Promise.withResolvers<PutOutcome>()];
  let writes = 0;
  const { publisher } = watched({ writer: { write: () => outcomes[writes++]!.promise } });
  const both = [publisher.publish(note), publisher.publish(note)];
  while (writes < 2) await Promise.resolve();
  outcomes[0]!.resolve("duplicate");
  await both[0];
  equal(publisher.isUnannounced(note.id), true);
  outcomes[1]!.resolve("stored");
  await both[1];
  equal(publisher.isUnannounced(note.id), false);
});

Deno.test("a write that fails is an answer, and the next one is tried", async () => {
  let works = false;
  const { publisher, counters } = watched({
    writer: { write: () => works ? Promise.resolve("stored") : Promise.reject(new Error("away")) },
  });
  equal(prefixOf(await publisher.publish(note)), "error");
  equal(publisher.isUnannounced(note.id), false);
  works = true;
  equal((await publisher.publish(note)).accepted, true);
  deepEqual([counters.refused, counters.stored], [1, 1]);
});
