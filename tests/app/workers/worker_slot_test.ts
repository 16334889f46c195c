import { deepEqual, equal, rejects } from "node:assert/strict";
import { createTables } from "../../../src/app/workers/shared_tables.ts";
import type { WorkerStart } from "../../../src/app/workers/worker_calls.ts";
import { StoreSeat } from "../../../src/app/workers/store_seat.ts";
import { WorkerSlot } from "../../../src/app/workers/worker_slot.ts";
import { defaultSettings, type Settings } from "../../../src/app/settings/setting_list.ts";
import { silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakeRelayThreads } from "../../kit/fake_relay_threads.ts";

function slotWith(settings: Settings = defaultSettings, connect?: () => StoreSeat) {
  const clock = new FakeClock();
  const threads = new FakeRelayThreads();
  const lines: string[] = [];
  const note = (message: string, fields?: object) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const ended = { count: 0 };
  const stuck = { count: 0 };
  const slot = new WorkerSlot({
    onEnded: (seat) => {
      ended.count++;
      seat?.end();
    },
    connect,
    onStuck: () => void stuck.count++,
    ...{ settings, clock, number: 1, longQueries: undefined, self: undefined },
    ...{ directory: undefined, startedMs: 0, addressSecret: new Uint8Array([1, 2]) },
    channel: "test",
    tables: createTables(1),
    log: { ...silentLog, info: note, error: note },
    startThread: threads.start,
  });
  return { clock, slot, lines, ended, stuck, ...threads, threads };
}

/** Lets promises that are settled go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function renamed(name: string): Settings {
  return { ...defaultSettings, relay: { ...defaultSettings.relay, name } };
}

Deno.test("a thread that ends is replaced by one that listens where it did", async () => {
  const { clock, slot, lines, started, threads } = slotWith();
  await slot.open();
  threads.onStart = (thread) => thread.answers.set("listen", "ws://127.0.0.1:1");
  started[0]!.answers.set("listen", "ws://127.0.0.1:1");
  equal(await slot.listen("127.0.0.1:1"), "ws://127.0.0.1:1");
  started[0]!.end("a test said so");
  await settle();
  equal(started.length, 1, "after a pause");
  clock.advance(100);
  await settle();
  deepEqual(started[1]!.argumentsOf("listen"), ["127.0.0.1:1"]);
  deepEqual(lines, [
    'worker ended {"worker":1,"reason":"a test said so","replacedInMs":100}',
    'worker replaced {"worker":1,"awayMs":100}',
  ]);
  await slot.close();
  equal(clock.timerCount, 0);
});

Deno.test("a thread that replaces another hashes addresses as that did", async () => {
  const { clock, slot, started } = slotWith();
  await slot.open();
  started[0]!.end("killed");
  await settle();
  clock.advance(100);
  await settle();
  const secrets = started.flatMap((thread) => thread.argumentsOf("start"))
    .map((argument) => (argument as WorkerStart).addressSecret);
  deepEqual(secrets, [new Uint8Array([1, 2]), new Uint8Array([1, 2])]);
  await slot.close();
});

Deno.test("each thread has a place of its own at the store, which is given up when it has ended", async () => {
  const seats: StoreSeat[] = [];
  const connect = () => {
    const seat = new StoreSeat(false, () => {});
    seats.push(seat);
    return seat;
  };
  const { clock, slot, started } = slotWith(defaultSettings, connect);
  await slot.open();
  seats[0]!.hears = true;
  started[0]!.end("killed");
  await settle();
  clock.advance(100);
  await settle();
  const given = started.map((thread) => (thread.argumentsOf("start")[0] as WorkerStart).store);
  deepEqual(given.map((access, at) => access === seats[at]!.access), [true, true]);
  equal(seats[0]!.hears, false);
  await slot.close();
  for (const seat of seats) {
    seat.end();
    seat.access.port.close();
  }
});

Deno.test("what a thread has counted is forgotten when it ends, also one that has not started", async () => {
  const { clock, slot, ended, started, threads } = slotWith();
  await slot.open();
  threads.onStart = (thread) => thread.answers.set("start", new Error("no database"));
  started[0]!.end("a test said so");
  await settle();
  equal(ended.count, 1);
  clock.advance(100);
  await settle();
  equal(ended.count, 2);
  await slot.close();
});

Deno.test("the pauses before a thread is replaced grow, and shrink when one has lasted", async () => {
  const { clock, slot, lines, started, threads } = slotWith();
  await slot.open();
  threads.onStart = (thread) => thread.answers.set("start", new Error("no database"));
  started[0]!.end("a test said so");
  await settle();
  for (const pauseMs of [100, 200, 400, 800]) {
    const before = started.length;
    clock.advance(pauseMs - 1);
    await settle();
    equal(started.length, before);
    clock.advance(1);
    await settle();
    equal(started.length, before + 1);
    equal(started.at(-1)!.endedBy, "it did not start", "what is left of it is ended");
  }
  threads.onStart = () => {};
  clock.advance(1_600);
  await settle();
  for (let at = 0; at < 13; at++) {
    clock.advance(5_000);
    await settle();
  }
  started.at(-1)!.end("a test said so");
  await settle();
  equal(lines.at(-1), 'worker ended {"worker":1,"reason":"a test said so","replacedInMs":100}');
  await slot.close();
});

Deno.test("a thread that does not answer for half a minute is given up, and the relay is told", async () => {
  const { clock, slot, started, lines, stuck } = slotWith();
  await slot.open();
  for (let at = 0; at < 20; at++) {
    clock.advance(5_000);
    await settle();
  }
  equal(started[0]!.endedBy, undefined);
  started[0]!.silent.add("probe");
  for (let at = 0; at < 8; at++) {
    clock.advance(5_000);
    await settle();
  }
  equal(stuck.count, 1);
  deepEqual(lines, [
    'worker does not answer, and cannot be replaced: the relay stops {"worker":1}',
  ]);
  equal(started.length, 1);
  await slot.close();
  equal(clock.timerCount, 0);
});

Deno.test("a thread that starts while settings change gets the new ones", async () => {
  const { clock, slot, started, threads } = slotWith();
  await slot.open();
  const changed = { version: 1, settings: renamed("changed") };
  await slot.prepare(changed);
  const gate = Promise.withResolvers<void>();
  threads.onStart = (thread) => thread.answers.set("start", gate.promise);
  started[0]!.end("a test said so");
  await settle();
  clock.advance(100);
  slot.apply(changed);
  await settle();
  deepEqual(started[1]!.argumentsOf("apply"), [], "it has not started yet");
  gate.resolve();
  await settle();
  deepEqual(started[1]!.argumentsOf("apply"), [changed]);
  started[1]!.end("again");
  await settle();
  clock.advance(200);
  await settle();
  const [start] = started[2]!.argumentsOf("start") as [{ settings: Settings }];
  equal(start.settings.relay.name, "changed");
  await slot.close();
});

Deno.test("settings that a thread cannot use are refused; a thread that ended meanwhile refuses none", async () => {
  const { slot, started } = slotWith();
  await slot.open();
  const numbered = { version: 1, settings: defaultSettings };
  started[0]!.answers.set("prepare", new TypeError("not these"));
  await rejects(slot.prepare(numbered), /not these/);
  started[0]!.silent.add("prepare");
  const preparing = slot.prepare({ ...numbered, version: 2 });
  started[0]!.end("a test said so");
  await preparing;
  await slot.close();
});

Deno.test("closing ends a thread that is just being started, and starts none any more", async () => {
  const { clock, slot, started, threads } = slotWith();
  await slot.open();
  threads.onStart = (thread) => thread.silent.add("start");
  started[0]!.end("a test said so");
  await settle();
  clock.advance(100);
  await settle();
  await slot.close();
  equal(started[1]!.endedBy, "the relay stops");
  await settle();
  clock.advance(100_000);
  await settle();
  equal(started.length, 2);
  equal(clock.timerCount, 0);
});

Deno.test("a thread that does not start at first fails the start", async () => {
  const { slot, threads } = slotWith();
  threads.onStart = (thread) => thread.answers.set("start", new Error("no database"));
  await rejects(slot.open(), /no database/);
  slot.end();
});
