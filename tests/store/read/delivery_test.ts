import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import type { FoundEvent } from "../../../src/store/read/body_statement.ts";
import { MemoryBudget } from "../../../src/store/read/memory_budget.ts";
import {
  deliver,
  type DeliveryOptions,
  FETCH_BYTES,
  PIECE_BYTES,
} from "../../../src/store/read/delivery.ts";
import type { FoundPage } from "../../../src/store/read/scan.ts";
import { settle } from "../../kit/fake_relay.ts";

/** Events with JSON of these lengths; what is longer than `inline` does not come along. */
class World {
  readonly events: readonly FoundEvent[];
  readonly jsons: ReadonlyMap<string, Uint8Array>;
  readonly fetches: (readonly string[])[] = [];
  /** Pages that were asked for. */
  pulled = 0;
  isOver = false;

  constructor(lengths: readonly number[], inline: number) {
    this.jsons = new Map(lengths.map((length, at) => [`${at}`, new Uint8Array(length)]));
    this.events = lengths.map((length, at): FoundEvent => ({
      seq: at,
      id: `${at}`,
      createdAt: -at,
      json: length <= inline ? this.jsons.get(`${at}`)! : new Uint8Array(),
      absentBytes: length <= inline ? 0 : length,
    }));
  }

  async *found(pageEvents = 500): AsyncGenerator<FoundPage, void> {
    try {
      for (let start = 0; start < this.events.length; start += pageEvents) {
        this.pulled++;
        const events = this.events.slice(start, start + pageEvents);
        const isLast = start + pageEvents >= this.events.length;
        yield await Promise.resolve({ events, isLast });
      }
    } finally {
      this.isOver = true;
    }
  }

  readonly bodiesOf: DeliveryOptions["bodiesOf"] = (ids) => {
    this.fetches.push(ids);
    return Promise.resolve(ids.flatMap((id) => {
      const json = this.jsons.get(id);
      return json === undefined ? [] : { id, json };
    }));
  };

  deliver(room: MemoryBudget, leaseBytes: number, more: Partial<DeliveryOptions> = {}) {
    return deliver(this.found(), { memory: room, leaseBytes, bodiesOf: this.bodiesOf, ...more });
  }
}

function lengthsOf(pieces: readonly (readonly { json: Uint8Array }[])[]): number[][] {
  return pieces.map((piece) => piece.map(({ json }) => json.length));
}

Deno.test("the end is told with the last piece of the last page", async () => {
  const world = new World([100, 100, 100, 100], 1_000);
  const told: string[] = [];
  const pieces = deliver(world.found(2), {
    memory: new MemoryBudget(10_000),
    leaseBytes: 200,
    bodiesOf: world.bodiesOf,
    pieceBytes: () => 100,
    onLast: () => void told.push("last"),
  });
  for await (const piece of pieces) told.push(...piece.map(({ id }) => id));
  deepEqual(told, ["0", "1", "2", "last", "3"]);
});

Deno.test("what came along is handed out without asking again", async () => {
  const world = new World([100, 200, 300], 1_000);
  const pieces = await Array.fromAsync(world.deliver(new MemoryBudget(10_000), 3_000));
  deepEqual(lengthsOf(pieces), [[100, 200, 300]]);
  equal(world.fetches.length, 0);
});

Deno.test("long JSON is fetched by id, in the room that is claimed already if that is enough", async () => {
  const world = new World([100, 2_000, 300], 1_000);
  const pieces = await Array.fromAsync(world.deliver(new MemoryBudget(10_000), 3_000));
  deepEqual(lengthsOf(pieces), [[100, 2_000, 300]]);
  deepEqual(world.fetches, [["1"]]);
});

Deno.test("what is too much for one piece comes in several, each claimed before it is fetched", async () => {
  const large = FETCH_BYTES / 2;
  const world = new World([large, large, large, 10], 100);
  const room = new MemoryBudget(PIECE_BYTES);
  const taken: number[] = [];
  const pieces = world.deliver(room, 400, {
    bodiesOf: (ids) => {
      taken.push(room.taken);
      return world.bodiesOf(ids);
    },
  });
  deepEqual(lengthsOf(await Array.fromAsync(pieces)), [[large, large], [large, 10]]);
  deepEqual(world.fetches, [["0", "1"], ["2", "3"]]);
  deepEqual([...taken, room.taken], [2 * large, large + 10, 0]);
});

Deno.test("what came along is handed out in larger pieces than what has to be fetched", async () => {
  const small = PIECE_BYTES / 4;
  const world = new World([small, small, small, small, small], small);
  const pieces = await Array.fromAsync(world.deliver(new MemoryBudget(9 * small), 5 * small));
  deepEqual(lengthsOf(pieces), [[small, small, small, small], [small]]);
  deepEqual(world.fetches, [["4"]]);
});

Deno.test("an event that is longer than a piece is one by itself", async () => {
  const world = new World([3 * PIECE_BYTES, 10], 100);
  const pieces = await Array.fromAsync(world.deliver(new MemoryBudget(PIECE_BYTES), 200));
  deepEqual(lengthsOf(pieces), [[3 * PIECE_BYTES], [10]]);
});

Deno.test("what was deleted meanwhile is left out, and the query told", async () => {
  let leftOut = 0;
  const onLeftOut = () => void leftOut++;
  const world = new World([2_000, 2_000], 1_000);
  const bodiesOf: DeliveryOptions["bodiesOf"] = async (ids) => (await world.bodiesOf(ids)).slice(1);
  const pieces = await Array.fromAsync(
    world.deliver(new MemoryBudget(10_000), 5_000, { bodiesOf, onLeftOut }),
  );
  equal(leftOut, 1);
  deepEqual(pieces.flat().map(({ id }) => id), ["1"]);
});

Deno.test("nothing is asked before there is room, and waiting can be called off", async () => {
  const world = new World([10], 100);
  const room = new MemoryBudget(1_000);
  await room.acquire(950);
  const controller = new AbortController();
  const first = world.deliver(room, 100, { signal: controller.signal }).next();
  await settle();
  equal(world.pulled, 0);
  const enough = new Error("enough");
  controller.abort(enough);
  await rejects(first, enough);
  const second = world.deliver(room, 100).next();
  room.release(950);
  equal((await second).done, false);
});

Deno.test("who is not ready holds no room, and nothing is asked for it", async () => {
  const world = new World([PIECE_BYTES, PIECE_BYTES], 100);
  const room = new MemoryBudget(PIECE_BYTES);
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  let asked = 0;
  const pieces = world.deliver(room, 100, { ready: () => gates[asked++]?.promise });
  const first = pieces.next();
  await settle();
  deepEqual([world.pulled, room.taken], [0, 0]);
  gates[0]!.resolve();
  await settle();
  deepEqual([world.pulled, world.fetches.length, room.taken], [1, 0, 0]);
  gates[1]!.resolve();
  await first;
  const second = pieces.next();
  await settle();
  deepEqual([world.fetches.length, room.taken], [1, 0]);
  gates[2]!.resolve();
  await second;
  await pieces.return();
  deepEqual([world.isOver, room.taken], [true, 0]);
});

Deno.test("a look at the database that fails gives the room back", async () => {
  const world = new World([2_000], 100);
  const room = new MemoryBudget(10_000);
  const away = new Error("away");
  const bodiesOf = () => Promise.reject(away);
  await rejects(Array.fromAsync(world.deliver(room, 100, { bodiesOf })), away);
  deepEqual([room.taken, world.isOver], [0, true]);
});

Deno.test("what was handed out is no longer held by what found it", async () => {
  const world = new World([10, 20], 100);
  const pieces = world.deliver(new MemoryBudget(1_000), 100);
  const { value } = await pieces.next();
  deepEqual(value?.map(({ json }) => json.length), [10, 20]);
  deepEqual(world.events.map(({ json }) => json.length), [0, 0]);
  await pieces.return();
});

Deno.test("many answers at once stay within the room, and all come to their end", async () => {
  const length = fc.oneof(
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: PIECE_BYTES }),
  );
  const answers = fc.array(fc.array(length, { maxLength: 12 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(answers, async (all) => {
      const capacity = 2 * PIECE_BYTES;
      const room = new MemoryBudget(capacity);
      let held = 0;
      let most = 0;
      await Promise.all(all.map(async (lengths) => {
        const world = new World(lengths, 200);
        let handed = 0;
        const fetched = new Set<string>();
        const bodiesOf: DeliveryOptions["bodiesOf"] = async (ids) => {
          const bodies = await world.bodiesOf(ids);
          held += bodies.reduce((sum, { json }) => sum + json.length, 0);
          most = Math.max(most, held);
          for (const { id } of bodies) fetched.add(id);
          return bodies;
        };
        for await (const piece of world.deliver(room, 12 * 200, { bodiesOf })) {
          await Promise.resolve();
          handed += piece.length;
          const bodies = piece.filter(({ id }) => fetched.has(id));
          held -= bodies.reduce((sum, { json }) => sum + json.length, 0);
        }
        equal(handed, lengths.length);
      }));
      ok(most <= capacity, `${most} bytes at once`);
      equal(room.taken, 0);
    }),
    { numRuns: 50, examples: [[[[282, 220_719, 43, 44], [2_301, 100], [1]]]] },
  );
});
