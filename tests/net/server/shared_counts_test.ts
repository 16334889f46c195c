import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Admission, type AdmissionLimits } from "../../../src/net/server/admission.ts";
import { createTable } from "../../../src/base/shared_table.ts";
import { SharedCounts } from "../../../src/net/server/shared_counts.ts";
import { networkList } from "../../../src/net/address/network.ts";
import type { CountingResult, CountingTask } from "../../kit/counting_worker.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const limits: AdmissionLimits = {
  maxTotal: 5,
  perClient: {
    maxInside: 2,
    rate: { perSecond: 1, burst: 3 },
    prefix: { ipv4Bits: 32, ipv6Bits: 64 },
    exempt: networkList([]),
  },
};

/** Admissions of so many threads, and what tells that one has ended. */
function threadsOf(count: number, clock = new FakeClock(), seed = 1) {
  const table = createTable(count, seed);
  const counts = Array.from(
    { length: count },
    (_, thread) => new SharedCounts(table, { thread, clockOffsetMs: 0 }),
  );
  return { counts, threads: counts.map((own) => new Admission(limits, clock, { counts: own })) };
}

Deno.test("a client gets as many places in all threads together as in one", () => {
  const { threads: [one, other] } = threadsOf(2);
  equal(one!.enter("192.0.2.1"), undefined);
  equal(other!.enter("192.0.2.1"), undefined);
  equal(one!.enter("192.0.2.1"), "per-client");
  equal(other!.enter("192.0.2.1"), "per-client");
  other!.leave("192.0.2.1");
  equal(one!.enter("192.0.2.1"), undefined);
  deepEqual([one!.total, other!.total, one!.clientCount], [2, 2, 1]);
});

Deno.test("a thread that has ended gives back its places, and no others", () => {
  const { counts, threads: [one, other] } = threadsOf(2);
  one!.enter("192.0.2.1");
  other!.enter("192.0.2.1");
  counts[0]!.clear();
  equal(other!.total, 1);
  equal(other!.enter("192.0.2.1"), undefined);
  equal(other!.enter("192.0.2.1"), "per-client");
});

Deno.test("a rate holds for all threads together, and comes back with time", () => {
  const clock = new FakeClock();
  const { threads: [one, other] } = threadsOf(2, clock);
  for (const thread of [one!, other!, one!]) equal(thread.pass("192.0.2.1"), undefined);
  equal(other!.pass("192.0.2.1"), "rate");
  clock.advance(999);
  equal(one!.pass("192.0.2.1"), "rate");
  clock.advance(1);
  equal(one!.pass("192.0.2.1"), undefined);
  equal(other!.pass("192.0.2.1"), "rate");
});

Deno.test("any sequence of comings and goings is counted as by one thread", () => {
  const step = fc.record({
    thread: fc.nat(2),
    address: fc.nat(3).map((at) => `192.0.2.${at}`),
    what: fc.constantFrom("enter", "leave", "wait"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const clock = new FakeClock();
    const { threads } = threadsOf(3, clock);
    const alone = new Admission(limits, clock);
    const inside = new Map<string, number>();
    for (const { thread, address, what } of steps) {
      const key = `${thread} ${address}`;
      if (what === "wait") clock.advance(500);
      if (what === "enter") {
        const refusal = alone.enter(address);
        equal(threads[thread]!.enter(address), refusal);
        if (refusal === undefined) inside.set(key, (inside.get(key) ?? 0) + 1);
      }
      if (what === "leave" && (inside.get(key) ?? 0) > 0) {
        inside.set(key, inside.get(key)! - 1);
        alone.leave(address);
        threads[thread]!.leave(address);
      }
      equal(threads[0]!.total, alone.total);
    }
  }));
});

Deno.test("more clients than the table has places for are let in, and those inside are remembered", () => {
  const table = createTable(1, 7);
  const counts = new SharedCounts(table, { thread: 0, clockOffsetMs: 0 });
  const own = { maxTotal: Infinity, maxInside: 1, rate: { perSecond: 1, burst: 10 } };
  equal(counts.enter("inside", own, 0), undefined);
  for (let at = 0; at < 200_000; at++) {
    equal(counts.enter(`client ${at}`, own, at), undefined);
    counts.leave(`client ${at}`);
  }
  ok(counts.clientCount <= 65_536);
  equal(counts.enter("inside", own, 200_000), "per-client");
});

Deno.test("threads that run at once count exactly", async () => {
  const table = createTable(2, 3);
  const inside = new SharedArrayBuffer(4);
  const running = [0, 1].map((thread) => {
    const script = new URL("../../kit/counting_worker.ts", import.meta.url);
    const worker = new Worker(script, { type: "module" });
    const { promise, resolve } = Promise.withResolvers<CountingResult>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ table, thread, entries: 10_000, inside } satisfies CountingTask);
    return promise.finally(() => worker.terminate());
  });
  const results = await Promise.all(running);
  deepEqual(results.map(({ collisions }) => collisions), [0, 0]);
  deepEqual(results.map(({ entered }) => entered), [10_000, 10_000]);
  equal(new SharedCounts(table, { thread: 0, clockOffsetMs: 0 }).total, 0);
});
