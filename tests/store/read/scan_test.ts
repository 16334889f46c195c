import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Ask, compare, type LaneRow, scan } from "../../../src/store/read/scan.ts";

/** Lanes that answer as a database does, and count what they read. */
class Lanes {
  readonly #lanes: readonly (readonly LaneRow[])[];
  readonly asks: Ask[] = [];
  rowsRead = 0;

  constructor(lanes: readonly (readonly LaneRow[])[]) {
    this.#lanes = lanes.map((lane) => lane.toSorted(compare));
  }

  readonly ask = (ask: Ask): Promise<readonly LaneRow[]> => {
    this.asks.push(ask);
    const rows = ask.starts.flatMap(({ lane, after }) =>
      this.#lanes[lane]!
        .filter((row) => after === undefined || compare(after, row) < 0)
        .slice(0, ask.perLane)
    );
    this.rowsRead += rows.length;
    rows.sort((a, b) => compare(a, b) || a.lane - b.lane);
    const last = [...new Set(rows.map(({ id }) => id))][ask.limit - 1];
    const end = rows.findLastIndex(({ id }) => id === last);
    return Promise.resolve(end < 0 ? rows : rows.slice(0, end + 1));
  };

  async scan(limit: number, pageEvents: number): Promise<string[]> {
    const found: string[] = [];
    const lanes = this.#lanes.length;
    let isOver = false;
    for await (const { events, isLast } of scan({ lanes, limit, pageEvents }, this.ask)) {
      ok(events.length > 0 && events.length <= pageEvents, "a page is neither empty nor too long");
      ok(!isOver, "no page follows the last one");
      isOver = isLast;
      equal(isLast, events.length < pageEvents || found.length + events.length === limit);
      for (const { id } of events) found.push(id);
    }
    return found;
  }
}

function row(lane: number, createdAt: number, id: string): LaneRow {
  const fields = { lane, createdAt, id, seq: 0, json: new Uint8Array() };
  return fields;
}

Deno.test("the answer is that of reading everything, for any lanes, limit and chunk", async () => {
  const event = fc.record({
    createdAt: fc.integer({ min: 0, max: 12 }),
    lanes: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 4 }),
  });
  const world = fc.record({
    events: fc.array(event, { maxLength: 120 }),
    limit: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.constant(Infinity)),
    pageEvents: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(fc.asyncProperty(world, async ({ events, limit, pageEvents }) => {
    const rows = events.flatMap(({ createdAt, lanes }, number) =>
      lanes.map((lane) => row(lane, createdAt, `${number}`.padStart(3, "0")))
    );
    const lanes = Array.from({ length: 8 }, (_, i) => rows.filter(({ lane }) => lane === i));
    const expected = [...new Set(rows.toSorted(compare).map(({ id }) => id))];
    deepEqual(await new Lanes(lanes).scan(limit, pageEvents), expected.slice(0, limit));
  }));
});

Deno.test("one lane is asked once for a limit that one chunk holds", async () => {
  const lanes = new Lanes([Array.from({ length: 100 }, (_, i) => row(0, i, `${i}`))]);
  equal((await lanes.scan(20, 500)).length, 20);
  deepEqual(lanes.asks, [{ starts: [{ lane: 0, after: undefined }], perLane: 20, limit: 20 }]);
});

Deno.test("many quiet lanes are asked once, for a few rows each", async () => {
  const lanes = new Lanes(
    Array.from({ length: 500 }, (_, lane) => [1, 2, 3].map((i) => row(lane, i, `${lane}-${i}`))),
  );
  equal((await lanes.scan(50, 500)).length, 50);
  equal(lanes.asks.length, 1);
  ok(lanes.rowsRead <= 5 * (50 + 500));
});

Deno.test("only a lane that may hold more is asked again, from where it stopped", async () => {
  const busy = Array.from({ length: 1_000 }, (_, i) => row(7, 10_000 + i, `${i}`.padStart(4, "0")));
  const lanes = new Lanes(
    Array.from({ length: 200 }, (_, lane) => lane === 7 ? busy : [row(lane, lane, `q${lane}`)]),
  );
  const found = await lanes.scan(50, 500);
  deepEqual(found, busy.slice(-50).reverse().map(({ id }) => id));
  ok(lanes.asks.length <= 4);
  for (const { starts } of lanes.asks.slice(1)) deepEqual(starts.map(({ lane }) => lane), [7]);
  ok(lanes.rowsRead <= 5 * (50 + 200));
});

Deno.test("the rows read stay within five times limit and lanes, whoever wrote them", async () => {
  for (const share of [0, 0.5, 0.9, 1]) {
    const rows = Array.from({ length: 5_000 }, (_, i) => {
      const lane = i / 5_000 < share ? i % 3 : i % 100;
      return row(lane, (i * 7_919) % 5_000, `${i}`);
    });
    const lanes = new Lanes(
      Array.from({ length: 100 }, (_, i) => rows.filter(({ lane }) => lane === i)),
    );
    for (const limit of [10, 100, 500]) {
      lanes.rowsRead = 0;
      await lanes.scan(limit, 500);
      ok(lanes.rowsRead <= 5 * (limit + 100), `share ${share}, limit ${limit}: ${lanes.rowsRead}`);
    }
  }
});

Deno.test("nothing is read ahead of who reads", async () => {
  const lanes = new Lanes([Array.from({ length: 100 }, (_, i) => row(0, i, `${i}`))]);
  for await (
    const _ of scan({ lanes: 1, limit: Infinity, pageEvents: 10 }, lanes.ask)
  ) break;
  equal(lanes.rowsRead, 10);
});

/** `lanes` lanes of which each holds `perLane` rows, dealt out by `at`. */
function dealt(lanes: number, perLane: number, at: (lane: number, place: number) => number) {
  return Array.from(
    { length: lanes },
    (_, lane) =>
      Array.from(
        { length: perLane },
        (_, place) =>
          row(lane, at(lane, place), `${lane}`.padStart(5, "0") + `${place}`.padStart(5, "0")),
      ),
  );
}

Deno.test("a feed of a thousand lanes reads a few rows of each, however much they hold", async () => {
  for (const lanes of [200, 500, 501, 1_000, 2_000]) {
    const even = new Lanes(dealt(lanes, 60, (lane, place) => 100_000 - place * lanes - lane));
    equal((await even.scan(50, 500)).length, 50);
    ok(even.rowsRead <= 4 * lanes + 50, `${lanes} lanes: ${even.rowsRead} rows`);
    equal(even.asks.length, 1, "one round does");
  }
});

Deno.test("a lane that holds all of the newest is read to the end of the answer, others are not", async () => {
  for (const lanes of [10, 500, 1_000]) {
    const busy = new Lanes(
      dealt(lanes, 60, (lane, place) => lane === 3 ? 1_000_000 - place : 1_000 - place),
    );
    const found = await busy.scan(50, 500);
    deepEqual(
      found,
      Array.from({ length: 50 }, (_, place) => `00003${`${place}`.padStart(5, "0")}`),
    );
    const first = busy.asks[0]!.perLane * lanes;
    ok(busy.rowsRead <= first + 100, `${lanes} lanes: ${busy.rowsRead} rows, ${first} at first`);
  }
});
