import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Source } from "../../../src/base/fair_queue.ts";
import { settle } from "../../kit/fake_relay.ts";
import { MemoryBudget } from "../../../src/store/read/memory_budget.ts";

/** Notes who came in, in order. */
class Visitors {
  readonly inside: string[] = [];
  readonly #room: MemoryBudget;

  constructor(room: MemoryBudget) {
    this.#room = room;
  }

  enter(name: string, bytes: number, signal?: AbortSignal): Promise<void> {
    return this.#room.acquire(bytes, signal).then(() => void this.inside.push(name));
  }
}

Deno.test("as many bytes come in as fit, and not one more", async () => {
  const room = new MemoryBudget(100);
  const visitors = new Visitors(room);
  for (const [name, bytes] of [["a", 60], ["b", 40], ["c", 1]] as const) {
    void visitors.enter(name, bytes);
  }
  await settle();
  deepEqual(visitors.inside, ["a", "b"]);
  deepEqual([room.taken, room.waiting], [100, 1]);
  room.release(40);
  await settle();
  deepEqual(visitors.inside, ["a", "b", "c"]);
  deepEqual([room.taken, room.waiting], [61, 0]);
});

Deno.test("who is small does not pass by who came first", async () => {
  const room = new MemoryBudget(100);
  const visitors = new Visitors(room);
  for (const [name, bytes] of [["a", 80], ["large", 50], ["small", 10]] as const) {
    void visitors.enter(name, bytes);
  }
  await settle();
  deepEqual(visitors.inside, ["a"]);
  room.release(80);
  await settle();
  deepEqual(visitors.inside, ["a", "large", "small"]);
});

Deno.test("who gives up leaves its place to those behind", async () => {
  const room = new MemoryBudget(100);
  const visitors = new Visitors(room);
  const controller = new AbortController();
  await visitors.enter("a", 80);
  const large = visitors.enter("large", 50, controller.signal);
  void visitors.enter("small", 10);
  const enough = new Error("enough");
  controller.abort(enough);
  await rejects(large, enough);
  await settle();
  deepEqual(visitors.inside, ["a", "small"]);
  equal(room.taken, 90);
});

Deno.test("who is larger than the room has it alone", async () => {
  const room = new MemoryBudget(100);
  const visitors = new Visitors(room);
  await visitors.enter("huge", 1_000);
  void visitors.enter("small", 1);
  await settle();
  deepEqual(visitors.inside, ["huge"]);
  room.release(1_000);
  await settle();
  deepEqual([visitors.inside, room.taken], [["huge", "small"], 1]);
});

Deno.test("nobody comes in whose signal was aborted before", async () => {
  const room = new MemoryBudget(100);
  const enough = new Error("enough");
  await rejects(room.acquire(1, AbortSignal.abort(enough)), enough);
  equal(room.taken, 0);
});

Deno.test("a source that waits often delays another by little", async () => {
  const room = new MemoryBudget(100);
  const inside: string[] = [];
  await room.acquire(100);
  const enter = (name: string, source: Source) =>
    void room.acquire(60, undefined, source).then(() => inside.push(name));
  const busy = { client: "busy", connection: {} };
  for (let n = 0; n < 100; n++) enter("busy", busy);
  enter("quiet", { client: "quiet", connection: {} });
  room.release(100);
  for (let turn = 0; turn < 2; turn++) {
    await settle();
    room.release(60);
  }
  await settle();
  deepEqual(inside, ["busy", "busy", "quiet"], "the one whose turn it was, and one more");
});
