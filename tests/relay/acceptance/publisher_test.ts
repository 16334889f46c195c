import { deepEqual, equal, ok } from "node:assert/strict";
import { silentLog } from "../../../src/base/log.ts";
import { reason } from "../../../src/nostr/reason.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import type { Submission } from "../../../src/relay/access/policy.ts";
import { keyRates } from "../../../src/relay/access/rates.ts";
import { zeroCounters } from "../../../src/relay/counters.ts";
import { Outage } from "../../../src/relay/outage.ts";
import { Publisher, type PublisherOptions } from "../../../src/relay/acceptance/publisher.ts";
import type { PutOutcome } from "../../../src/store/event_store.ts";
import { accessOf } from "../../kit/access.ts";
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
    access: accessOf([{
      name: "watched",
      screen: () => void steps.push("screen"),
      event: () => void steps.push("event"),
    }]),
    hashText: undefined,
    feed: { publishEphemeral: () => void steps.push("pass") },
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
  deepEqual(steps, ["screen", "verify", "event", "write"]);
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
  const { publisher, steps } = watched({
    access: accessOf([{ name: "no", screen: () => reason("blocked", "not here") }]),
  });
  equal(prefixOf(await publisher.publish(note)), "blocked");
  deepEqual(steps, []);
});

Deno.test("NIP01-03 what is not signed is not stored", async () => {
  const { publisher, steps } = watched({ verifier: { verify: () => Promise.resolve(false) } });
  equal(prefixOf(await publisher.publish(note)), "invalid");
  deepEqual(steps, ["screen"]);
});

Deno.test("NIP01-14 a regular event that was stored is known from then on", async () => {
  const { publisher, steps, counters } = watched();
  await publisher.publish(note);
  const again = await publisher.publish(note);
  deepEqual([again.accepted, prefixOf(again)], [true, "duplicate"]);
  deepEqual(steps, ["screen", "verify", "event", "write", "screen"]);
  equal(counters.duplicate, 1);
});

Deno.test("policies may refuse an event that is stored already and sent again", async () => {
  let repeats = 0;
  const { publisher, counters } = watched({
    access: accessOf([{
      name: "once more",
      repeat: () => ++repeats > 1 ? reason("rate-limited", "too often") : undefined,
    }]),
  });
  await publisher.publish(note);
  equal(repeats, 0);
  equal(prefixOf(await publisher.publish(note)), "duplicate");
  equal(prefixOf(await publisher.publish(note)), "rate-limited");
  deepEqual([counters.duplicate, counters.refused], [1, 1]);
});

Deno.test("policies are told of what they were asked about and is not stored", async () => {
  const profile = author.sign({ kind: 0, created_at: 1, tags: [], content: "" });
  const told = async (over: Partial<PublisherOptions>, event = profile) => {
    const submissions: unknown[] = [];
    const { publisher } = watched({
      access: accessOf([{
        name: "watched",
        event: (submission) => void submissions.push("asked", submission),
        unstored: (submission) => void submissions.push("told", submission),
      }, {
        name: "no notes",
        event: ({ event }) => event.kind === 1 ? reason("blocked", "not here") : undefined,
      }]),
      ...over,
    });
    await publisher.publish(event);
    const [, asked, tells, toldOf] = submissions;
    if (tells !== undefined) ok(asked === toldOf, "the same object");
    return tells === "told";
  };
  const writing = (outcome: PutOutcome) => ({
    writer: { write: () => Promise.resolve(outcome) },
  });
  for (const outcome of ["duplicate", "superseded", "deleted"] as const) {
    equal(await told(writing(outcome)), true, outcome);
  }
  equal(await told(writing("stored")), false);
  equal(await told({ writer: { write: () => Promise.reject(new Error("down")) } }), true);
  equal(await told({}, note), true, "refused by another policy");
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  equal(await told({}, typing), false, "it was passed on");
});

Deno.test("a stranger who sends what a key has sent again and again takes nothing of its rate", async () => {
  const { publisher } = watched({
    access: accessOf([keyRates({ perSecond: 1, burst: 2 }, { clock: new FakeClock() })]),
    writer: {
      write: ({ event }) => Promise.resolve(event.kind === 0 ? "superseded" : "stored"),
    },
  });
  const senderAt = (address: string) => ({
    client: new ConnectedClient(address, {}, address),
    source: { client: address, connection: {} },
  });
  const profile = author.sign({ kind: 0, created_at: 1, tags: [], content: "" });
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  for (const event of [profile, typing]) {
    for (let time = 0; time < 5; time++) await publisher.publish(event, senderAt("192.0.2.1"));
  }
  deepEqual(await publisher.publish(note, senderAt("192.0.2.2")), { accepted: true });
  deepEqual(
    prefixOf(await publisher.publish(note, senderAt("192.0.2.2"))),
    "duplicate",
    "nor is its author refused who sends the note again",
  );
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
  deepEqual(steps, ["screen", "verify", "event", "write"]);
});

Deno.test("NIP01-23 an ephemeral event is passed on, each time, and not written", async () => {
  const { publisher, steps, counters } = watched();
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  equal((await publisher.publish(typing)).accepted, true);
  deepEqual(steps, ["screen", "verify", "event", "pass"]);
  equal((await publisher.publish(typing)).accepted, true);
  deepEqual(steps.slice(4), ["screen", "verify", "event", "pass"], "others may listen now");
  equal(counters.ephemeral, 2);
});

Deno.test("an event of another relay has its origin, no rate of rows, and is not ephemeral", async () => {
  const submissions: Submission[] = [];
  const none = new RowRates({ perSecond: 1, burst: 1 }, new FakeClock());
  const { publisher, steps } = watched({
    access: accessOf([{
      name: "origin",
      event: (submission) => {
        submissions.push(submission);
        return undefined;
      },
    }]),
    rowRates: none,
  });
  const sender = { source: { client: "mirror", connection: {} }, from: "wss://relay.example" };
  for (const at of [1, 2, 3]) {
    const event = author.sign({ kind: 1, created_at: at, tags: [], content: "" });
    deepEqual(await publisher.publish(event, sender), { accepted: true });
  }
  deepEqual(submissions.map(({ origin, from, client }) => [origin, from, client]), [
    ...Array.from({ length: 3 }, () => ["sync", "wss://relay.example", undefined]),
  ]);
  const typing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });
  equal(prefixOf(await publisher.publish(typing, sender)), "invalid");
  equal(steps.includes("pass"), false);
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
    publisher.noteDeletion(request);
    steps.length = 0;
    await publisher.publish(note);
    deepEqual(steps, ["screen", "verify", "event", "write"]);
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
  deepEqual(steps, ["screen", "verify", "event", "write"]);
});

Deno.test("a hash that throws refuses one event, with a line in the log", async () => {
  const lines: string[] = [];
  const { publisher } = watched({
    log: { ...silentLog, error: (message) => void lines.push(message) },
    hashText: () => {
      throw new Error("broken");
    },
  });
  equal(prefixOf(await publisher.publish(note)), "error");
  deepEqual(lines, ["an event could not be judged"]);
});

Deno.test("what a policy refuses after the signature is not stored", async () => {
  const policy = { name: "no", event: () => Promise.resolve(reason("restricted", "not you")) };
  const { publisher, steps } = watched({ access: accessOf([policy]) });
  equal(prefixOf(await publisher.publish(note)), "restricted");
  deepEqual(steps, ["verify"]);
});

Deno.test("a shadowed event is accepted, and neither stored nor passed on", async () => {
  const policy = { name: "shadow", event: () => "shadow" as const };
  const { publisher, steps, counters } = watched({ access: accessOf([policy]) });
  deepEqual(await publisher.publish(note), { accepted: true });
  deepEqual(steps, ["verify"]);
  deepEqual([counters.stored, counters.shadowed], [0, 1]);
});

Deno.test("X-08 whoever may not see an event is not told that it is there, or was deleted", async () => {
  const wrap = author.sign({ kind: 1059, created_at: 1, tags: [["p", "f"]], content: "" });
  const access = accessOf([], { privateKinds: new Set([1059]) });
  for (const outcome of ["duplicate", "deleted"] as const) {
    const { publisher, steps } = watched({ access }, outcome);
    const by = (...keys: string[]) => {
      const client = new ConnectedClient("192.0.2.1");
      for (const key of keys) client.authenticate(key);
      return publisher.publish(wrap, { client, source: { client: "", connection: {} } });
    };
    deepEqual(await by(), { accepted: true });
    deepEqual(await by("stranger"), { accepted: true });
    // Neither does the time that it takes: the signature is checked each time.
    deepEqual(steps, ["verify", "write", "verify", "write"]);
    equal(prefixOf(await by("f")), outcome === "deleted" ? "blocked" : "duplicate");
  }
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
  const by = (client: string) => ({
    client: new ConnectedClient(client),
    source: { client, connection: {} },
  });
  const other = author.sign({ kind: 1, created_at: 2, tags: [], content: "" });
  equal((await publisher.publish(note, by("a"))).accepted, true);
  equal(prefixOf(await publisher.publish(other, by("a"))), "rate-limited");
  equal((await publisher.publish(other, by("b"))).accepted, true);
  equal(steps.filter((step) => step === "write").length, 2);
});
