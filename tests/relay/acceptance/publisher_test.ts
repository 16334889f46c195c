import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../../src/base/log.ts";
import { reason } from "../../../src/nostr/reason.ts";
import { zeroCounters } from "../../../src/relay/counters.ts";
import { Outage } from "../../../src/relay/outage.ts";
import { Publisher, type PublisherOptions } from "../../../src/relay/acceptance/publisher.ts";
import type { PutOutcome } from "../../../src/store/event_store.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { RowRates } from "../../../src/relay/acceptance/row_rates.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
const note = author.sign({ kind: 1, created_at: 1, tags: [], content: "" });

/** A publisher that notes in order what it asks of whom. */
function watched(over: Partial<PublisherOptions> = {}, outcome: PutOutcome = "stored") {
  const steps: string[] = [];
  const clock = new FakeClock();
  const counters = zeroCounters();
  const publisher = new Publisher({
    log: silentLog,
    writer: { write: () => (steps.push("write"), Promise.resolve(outcome)) },
    verifier: { verify: () => (steps.push("verify"), Promise.resolve(true)) },
    policy: () => (steps.push("policy"), undefined),
    hashText: undefined,
    feed: { pass: () => void steps.push("pass") },
    writing: new Outage("writing", silentLog, clock),
    ...{ clock, counters },
    ...over,
  });
  return { publisher, steps, counters };
}

function prefixOf(verdict: { readonly reason?: { readonly prefix: string } }): string | undefined {
  return verdict.reason?.prefix;
}

Deno.test("an event goes from the cheapest check to the dearest, then is stored", async () => {
  const { publisher, steps, counters } = watched();
  deepEqual(await publisher.publish(note), { accepted: true });
  deepEqual(steps, ["policy", "verify", "write"]);
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
  deepEqual(steps, ["policy", "verify", "write", "policy"]);
  equal(counters.duplicate, 1);
});

Deno.test("a replaceable event is asked about again, since a newer one may have taken its place", async () => {
  const { publisher, steps } = watched();
  const profile = author.sign({ kind: 0, created_at: 1, tags: [], content: "" });
  await publisher.publish(profile);
  await publisher.publish(profile);
  equal(steps.filter((step) => step === "write").length, 2);
});

Deno.test("NIP01-18 a superseded event is refused", async () => {
  const { publisher, steps } = watched({}, "superseded");
  const verdict = await publisher.publish(note);
  deepEqual([verdict.accepted, prefixOf(verdict)], [false, "duplicate"]);
  deepEqual(steps, ["policy", "verify", "write"]);
});

Deno.test("NIP01-23 an ephemeral event is passed on and not written", async () => {
  const { publisher, steps, counters } = watched();
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  equal((await publisher.publish(typing)).accepted, true);
  deepEqual(steps, ["policy", "verify", "pass"]);
  equal(counters.ephemeral, 1);
});

Deno.test("a write that fails is an answer, and the next one is tried", async () => {
  let works = false;
  const { publisher, counters } = watched({
    writer: { write: () => works ? Promise.resolve("stored") : Promise.reject(new Error("away")) },
  });
  equal(prefixOf(await publisher.publish(note)), "error");
  works = true;
  equal((await publisher.publish(note)).accepted, true);
  deepEqual([counters.refused, counters.stored], [1, 1]);
});

Deno.test("NIP09-04 what the store says is deleted is refused as blocked, and counted so", async () => {
  const { publisher, counters } = watched({}, "deleted");
  const verdict = await publisher.publish(note);
  deepEqual([verdict.accepted, prefixOf(verdict)], [false, "blocked"]);
  deepEqual([counters.deleted, counters.refused], [1, 0]);
});

Deno.test("what a request may have deleted is asked of the store again", async () => {
  const { publisher, steps } = watched();
  const requests = [
    author.sign({ kind: 5, created_at: 2, tags: [["e", note.id]], content: "" }),
    author.sign({ kind: 62, created_at: 2, tags: [["relay", "ALL_RELAYS"]], content: "" }),
  ];
  await publisher.publish(note);
  for (const request of requests) {
    equal(prefixOf(await publisher.publish(note)), "duplicate");
    publisher.heed(request);
    steps.length = 0;
    await publisher.publish(note);
    deepEqual(steps, ["policy", "verify", "write"]);
  }
});

Deno.test("a request that was published here counts at once", async () => {
  const { publisher, steps } = watched();
  await publisher.publish(note);
  await publisher.publish(
    author.sign({ kind: 5, created_at: 2, tags: [["e", note.id]], content: "" }),
  );
  steps.length = 0;
  await publisher.publish(note);
  deepEqual(steps, ["policy", "verify", "write"]);
});

Deno.test("a policy that throws refuses one event, with a line in the log", async () => {
  const lines: string[] = [];
  const { publisher } = watched({
    log: { ...silentLog, error: (message) => void lines.push(message) },
    policy: () => {
      throw new Error("broken");
    },
  });
  equal(prefixOf(await publisher.publish(note)), "error");
  deepEqual(lines, ["an event could not be judged"]);
});

Deno.test("what was removed and may come again is judged anew", async () => {
  const { publisher, steps } = watched();
  await publisher.publish(note);
  await publisher.publish(note);
  equal(steps.filter((step) => step === "write").length, 1);
  publisher.forget([note.id]);
  await publisher.publish(note);
  equal(steps.filter((step) => step === "write").length, 2);
});

Deno.test("a client that has written enough is refused, and another is not", async () => {
  const { publisher, steps } = watched({
    rowRates: new RowRates({ perSecond: 1, burst: 1 }, new FakeClock()),
  });
  const source = (client: string) => ({ client, connection: {} });
  const other = author.sign({ kind: 1, created_at: 2, tags: [], content: "" });
  equal((await publisher.publish(note, source("a"))).accepted, true);
  equal(prefixOf(await publisher.publish(other, source("a"))), "rate-limited");
  equal((await publisher.publish(other, source("b"))).accepted, true);
  equal(steps.filter((step) => step === "write").length, 2);
});
