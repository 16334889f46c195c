import { deepEqual, equal, ok } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { type OutboxRelayLimits, OutboxRelays } from "../../src/sync/outbox_relays.ts";
import type { OutboxConnection } from "../../src/sync/outbox_visit.ts";
import { RemoteRefusal } from "../../src/sync/remote_refusal.ts";
import { FakeClock } from "../kit/fake_clock.ts";

/** What a relay does with an event. */
type Habit = (id: string) => Promise<{ readonly accepted: boolean; readonly reason: string }>;

const LIMITS: OutboxRelayLimits = {
  ...{ maxConnections: 4, connectsPerS: 100, maxWaitingRelays: 100, maxWaitingEvents: 10 },
  ...{ idleCloseMs: 30_000, maxRetryMs: 60_000 },
};

const accepts: Habit = () => Promise.resolve({ accepted: true, reason: "" });
const isSilent: Habit = () => new Promise(() => {});
const fails: Habit = () => Promise.reject(new RemoteRefusal("gone", "gone"));

/** Relays that are no sockets, and the clock of all. */
class Relays {
  readonly clock = new FakeClock();
  /** URLs in the order in which they were connected to. */
  readonly connects: string[] = [];
  readonly got = new Map<string, string[]>();
  /** What the relay of a host does. Default: it accepts. Undefined: nobody is there. */
  readonly habits = new Map<string, Habit | undefined>();
  readonly outbox: OutboxRelays;
  /** Ends each connection from the other side. */
  readonly hangUps: (() => void)[] = [];
  open = 0;
  mostOpen = 0;

  constructor(limits: Partial<OutboxRelayLimits> = {}) {
    this.outbox = new OutboxRelays({ ...LIMITS, ...limits }, {
      clock: this.clock,
      log: silentLog,
      random: { bytes: (length) => new Uint8Array(length).fill(255) },
      connect: (url, signal) => this.#connect(url, signal),
      async *read(ids) {
        yield ids.map((id) => ({ id }) as NostrEvent);
      },
    });
  }

  /** Lets everything that is ready happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  #connect(url: string, signal: AbortSignal): Promise<OutboxConnection> {
    this.connects.push(url);
    const { host } = new URL(url);
    const habit = this.habits.has(host) ? this.habits.get(host) : accepts;
    if (habit === undefined) return Promise.reject(new Error("nobody is there"));
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    const { promise: gone, reject } = Promise.withResolvers<never>();
    gone.catch(() => {});
    const closed = Promise.withResolvers<void>();
    this.hangUps.push(closed.resolve);
    signal.addEventListener("abort", () => reject(new RemoteRefusal("interrupted", "gone")));
    return Promise.resolve({
      remote: {
        publish: async ({ id }) => {
          const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Habit>>>();
          habit(id).then(resolve, reject);
          gone.catch(reject);
          const answer = await promise;
          if (answer.accepted) this.got.set(url, [...this.got.get(url) ?? [], id]);
          return answer;
        },
      },
      closed: closed.promise,
      close: () => {
        this.open--;
        closed.resolve();
        return closed.promise;
      },
    });
  }
}

Deno.test("what waits for a relay goes over one connection, which is closed when it is idle", async () => {
  const relays = new Relays();
  for (const id of ["1", "2"]) relays.outbox.add("wss://a.example/", id);
  await relays.settle();
  relays.outbox.add("wss://a.example/", "3");
  await relays.settle();
  deepEqual(relays.got.get("wss://a.example/"), ["1", "2", "3"]);
  deepEqual([relays.connects.length, relays.open, relays.outbox.waiting], [1, 1, 0]);
  await relays.advance(LIMITS.idleCloseMs);
  deepEqual([relays.open, relays.outbox.connectionCount], [0, 0]);
  equal(relays.outbox.counters.sent, 3);
  equal(relays.clock.timerCount, 0);
  await relays.outbox.stop();
});

Deno.test("no more connections than allowed are open, and everybody has a turn", async () => {
  const relays = new Relays();
  for (let at = 0; at < 40; at++) relays.outbox.add(`wss://${at}.example/`, "1");
  await relays.settle();
  for (let second = 0; second < 5; second++) await relays.advance(1_000);
  equal(relays.got.size, 40);
  ok(relays.mostOpen <= LIMITS.maxConnections, `${relays.mostOpen} open`);
  await relays.outbox.stop();
});

Deno.test("relays that never answer keep nobody else from being served", async () => {
  const relays = new Relays();
  relays.outbox.add("wss://good.example/", "0");
  await relays.settle();
  for (let at = 0; at < 50; at++) {
    relays.habits.set(`${at}.example`, isSilent);
    relays.outbox.add(`wss://${at}.example/`, "1");
  }
  await relays.settle();
  relays.outbox.add("wss://good.example/", "2");
  await relays.settle();
  deepEqual(relays.got.get("wss://good.example/"), ["0", "2"]);
  await relays.outbox.stop();
  equal(relays.open, 0);
});

Deno.test("many paths at one host are one connection at a time, and one back-off", async () => {
  const relays = new Relays();
  relays.habits.set("victim.example", undefined);
  for (let at = 0; at < 50; at++) relays.outbox.add(`wss://victim.example/${at}`, "1");
  await relays.settle();
  equal(relays.connects.length, 1);
  relays.outbox.add("wss://victim.example/more", "2");
  await relays.advance(4_000);
  equal(relays.connects.length, 1);
  for (let minute = 0; minute < 60; minute++) await relays.advance(60_000);
  ok(relays.connects.length <= 11, `${relays.connects.length} attempts`);
  deepEqual([relays.outbox.waiting, relays.outbox.counters.dropped], [0, 51]);
  equal(relays.clock.timerCount, 0);
  await relays.outbox.stop();
});

Deno.test("a host that is back is found, and gets what waited", async () => {
  const relays = new Relays();
  relays.habits.set("a.example", undefined);
  relays.outbox.add("wss://a.example/", "1");
  await relays.settle();
  relays.habits.set("a.example", accepts);
  await relays.advance(5_000);
  deepEqual(relays.got.get("wss://a.example/"), ["1"]);
  await relays.outbox.stop();
});

Deno.test("one event that a relay fails at does not hold up the others", async () => {
  const relays = new Relays();
  relays.habits.set("a.example", (id) => id === "2" ? fails(id) : accepts(id));
  for (const id of ["1", "2", "3"]) relays.outbox.add("wss://a.example/", id);
  await relays.settle();
  for (let at = 0; at < 4; at++) await relays.advance(20_000);
  ok(relays.got.get("wss://a.example/")!.includes("3"));
  equal(relays.outbox.counters.rejected["gone"], 1);
  equal(relays.outbox.waiting, 0);
  await relays.outbox.stop();
});

Deno.test("a relay that refuses is counted, one that asks for patience is left alone for a while", async () => {
  const relays = new Relays();
  let isBusy = true;
  relays.habits.set(
    "no.example",
    () => Promise.resolve({ accepted: false, reason: "blocked: no" }),
  );
  relays.habits.set(
    "busy.example",
    (id) =>
      isBusy ? Promise.resolve({ accepted: false, reason: "rate-limited: wait" }) : accepts(id),
  );
  for (const host of ["no", "busy"]) relays.outbox.add(`wss://${host}.example/`, "1");
  await relays.settle();
  equal(relays.outbox.counters.rejected["blocked"], 1);
  isBusy = false;
  await relays.advance(5_000);
  deepEqual(relays.got.get("wss://busy.example/"), ["1"]);
  await relays.outbox.stop();
});

Deno.test("queues are bounded: what does not fit is dropped, and those that failed give way", async () => {
  const relays = new Relays({ maxWaitingRelays: 3 });
  for (const host of ["a", "b", "c"]) {
    relays.habits.set(`${host}.example`, undefined);
    relays.outbox.add(`wss://${host}.example/`, "1");
  }
  await relays.settle();
  for (let at = 0; at < 20; at++) relays.outbox.add("wss://a.example/", `${at}`);
  equal(relays.outbox.counters.dropped, 11, "one relay has room for ten");
  relays.outbox.add("wss://good.example/", "1");
  await relays.settle();
  deepEqual(relays.got.get("wss://good.example/"), ["1"]);
  ok(relays.outbox.waiting <= 3 * LIMITS.maxWaitingEvents);
  await relays.outbox.stop();
  equal(relays.clock.timerCount, 0);
});

Deno.test("hosts that nobody knows take no room from one that has taken events", async () => {
  const relays = new Relays({ maxWaitingRelays: 8, idleCloseMs: 1 });
  relays.outbox.add("wss://good.example/", "1");
  await relays.settle();
  await relays.advance(1);
  equal(relays.open, 0);
  for (let at = 0; at < 8; at++) {
    relays.habits.set(`${at}.example`, isSilent);
    relays.outbox.add(`wss://${at}.example/`, "1");
  }
  await relays.settle();
  relays.outbox.add("wss://good.example/", "2");
  await relays.settle();
  deepEqual(relays.got.get("wss://good.example/"), ["1", "2"]);
  await relays.outbox.stop();
});

Deno.test("one host with many paths does not take all the room", async () => {
  const relays = new Relays({ maxWaitingRelays: 8 });
  relays.habits.set("many.example", isSilent);
  for (let at = 0; at < 20; at++) relays.outbox.add(`wss://many.example/${at}`, "1");
  await relays.settle();
  relays.outbox.add("wss://good.example/", "1");
  await relays.settle();
  deepEqual(relays.got.get("wss://good.example/"), ["1"]);
  await relays.outbox.stop();
});

Deno.test("connections are opened at a bounded rate", async () => {
  const relays = new Relays({ connectsPerS: 2, maxConnections: 100 });
  for (let at = 0; at < 50; at++) {
    relays.habits.set(`${at}.example`, undefined);
    relays.outbox.add(`wss://${at}.example/`, "1");
  }
  await relays.settle();
  equal(relays.connects.length, 4, "at once");
  for (let at = 0; at < 4; at++) await relays.advance(500);
  ok(relays.connects.length <= 8, `${relays.connects.length}`);
  await relays.outbox.stop();
});

Deno.test("a connection that the relay has closed is no failure, and not used again", async () => {
  const relays = new Relays();
  relays.outbox.add("wss://a.example/", "1");
  await relays.settle();
  relays.hangUps[0]!();
  await relays.settle();
  equal(relays.open, 0);
  relays.outbox.add("wss://a.example/", "2");
  await relays.settle();
  deepEqual(relays.got.get("wss://a.example/"), ["1", "2"]);
  equal(relays.outbox.counters.failed, 0);
  await relays.outbox.stop();
});
