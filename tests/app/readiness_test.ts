import { deepEqual, equal } from "node:assert/strict";
import { Readiness } from "../../src/app/readiness.ts";
import { StoreUnavailable } from "../../src/store/event_store.ts";
import type { Ability, DiskSpace } from "../../src/store/write/upkeep.ts";
import { FakeClock } from "../kit/fake_clock.ts";

/** A store that answers as it is told, and notes what it was asked. */
class ProbedStore {
  readonly asked: Ability[] = [];
  readonly fails = new Set<Ability>();
  readonly hangs = new Set<Ability>();
  disk: DiskSpace | undefined;

  probe(ability: Ability): Promise<void> {
    this.asked.push(ability);
    if (this.hangs.has(ability)) return new Promise(() => {});
    return this.fails.has(ability)
      ? Promise.reject(new StoreUnavailable("away"))
      : Promise.resolve();
  }
}

function start() {
  const store = new ProbedStore();
  const clock = new FakeClock();
  const state = { cannotWrite: false, hasJustWritten: false, isClosed: false };
  const readiness = new Readiness({
    ...{ store, clock, writing: state },
    isClosed: () => state.isClosed,
  });
  return { store, clock, state, readiness };
}

Deno.test("a store that can be read and written is ready", async () => {
  const { store, readiness } = start();
  equal(await readiness.check(), undefined);
  deepEqual(store.asked, ["read", "write"]);
});

Deno.test("all who ask within a second get one answer", async () => {
  const { store, clock, readiness } = start();
  await Promise.all([readiness.check(), readiness.check()]);
  clock.advance(999);
  await readiness.check();
  equal(store.asked.length, 2);
  store.fails.add("write");
  clock.advance(1);
  equal(await readiness.check(), "events cannot be stored");
  equal(store.asked.length, 4);
});

Deno.test("what fails is named", async () => {
  const { store, clock, readiness } = start();
  store.fails.add("read");
  equal(await readiness.check(), "the database does not answer");
  clock.advance(1_000);
  store.fails.add("write");
  equal(
    await readiness.check(),
    "the database does not answer, neither to questions nor to events",
  );
});

Deno.test("a store that hangs is not ready in time, and is asked once", async () => {
  const { store, clock, readiness } = start();
  store.hangs.add("write");
  for (let round = 0; round < 3; round++) {
    const answer = readiness.check();
    // Reading is answered before the time is over.
    await new Promise((resolve) => setTimeout(resolve, 0));
    clock.advance(2_000);
    equal(await answer, "events cannot be stored");
    clock.advance(1_000);
  }
  equal(store.asked.filter((ability) => ability === "write").length, 1);
  equal(clock.timerCount, 0);
});

Deno.test("an event that was stored a moment ago is proof enough", async () => {
  const { store, state, readiness } = start();
  state.hasJustWritten = true;
  equal(await readiness.check(), undefined);
  deepEqual(store.asked, ["read"]);
});

Deno.test("a client's event that could not be stored counts for as long as it is told", async () => {
  const { state, clock, readiness } = start();
  state.cannotWrite = true;
  equal(await readiness.check(), "events cannot be stored");
  state.cannotWrite = false;
  clock.advance(1_000);
  equal(await readiness.check(), undefined);
});

Deno.test("with a full disk, or on its way out, nothing is asked", async () => {
  const { store, state, readiness } = start();
  store.disk = {
    freeBytes: 1,
    minFreeBytes: 2,
    fault: "less than 256 MiB are free for /home/relay/data",
  };
  equal(await readiness.check(), "the disk is almost full, no event is stored");
  state.isClosed = true;
  equal(await readiness.check(), "the relay is shutting down");
  deepEqual(store.asked, []);
});
