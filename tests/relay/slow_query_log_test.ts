import { deepEqual, equal } from "node:assert/strict";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import { type AskedQuery, SlowQueryLog } from "../../src/relay/slow_query_log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

function start(slowMs = 1_000) {
  const lines: [string, LogFields | undefined][] = [];
  const log: Log = { ...silentLog, info: (...line) => void lines.push([line[0], line[1]]) };
  const clock = new FakeClock();
  const slow = new SlowQueryLog({ log, clock, slowMs });
  /** A query that takes so long, by this plan. */
  const query = (ms: number, plan: string, of: Partial<AskedQuery> = {}) => {
    const filters = [{ tags: new Map(), limit: ms }];
    const timer = slow.begin({ verb: "REQ", filters, address: "192.0.2.1", ...of });
    timer?.callbacks.onWork?.({ plan, databaseMs: ms - 1 });
    clock.advance(ms);
    timer?.end("answered");
  };
  return { lines, clock, slow, query };
}

Deno.test("a slow query is told with who asked, by which plan and for what; a quick one is not", () => {
  const { lines, query } = start();
  query(999, "time×1");
  query(1_500, "kind×1");
  deepEqual(lines, [["slow query", {
    ...{ address: "192.0.2.1", verb: "REQ", ms: 1_500, databaseMs: 1_499, source: "database" },
    ...{ plan: "kind×1", end: undefined, filter: '{"limit":1500}' },
  }]]);
});

Deno.test("of one kind the first is told at once, and the rest once a minute with the slowest", () => {
  const { lines, clock, query } = start();
  query(1_000, "kind×1");
  query(3_000, "kind×2");
  query(2_000, "kind×3");
  query(1_000, "kind×1", { verb: "COUNT" });
  deepEqual(lines.map(([message, fields]) => `${message} ${fields?.["verb"]}`), [
    "slow query REQ",
    "slow query COUNT",
  ]);
  clock.advance(60_000);
  const [message, fields] = lines[2]!;
  equal(message, "more slow queries");
  deepEqual([fields?.["times"], fields?.["totalMs"], fields?.["ms"], fields?.["plan"]], [
    ...[2, 5_000, 3_000, "kind×2"],
  ]);
  equal(lines.length, 3);
  equal(clock.timerCount, 0);
  query(1_000, "kind×1");
  equal(lines.length, 4);
});

Deno.test("a flood of slow queries of ever new kinds is 42 lines a minute, and loses no count", () => {
  const { lines, clock, slow, query } = start(1);
  const plans = [..."abcdefghijklmnopqrstuvwxyz"].flatMap((a) => ["×", "+"].map((b) => a + b));
  for (let time = 0; time < 200; time++) {
    for (const plan of plans) query(1, plan);
  }
  clock.advance(60_000);
  slow.close();
  equal(lines.length, 2 * 21);
  const more = lines.filter(([message]) => message === "more slow queries");
  equal(more.reduce((sum, [, fields]) => sum + Number(fields?.["times"]), 21), 200 * plans.length);
});

Deno.test("the time in which the reader took nothing does not count", async () => {
  const { lines, clock, slow } = start();
  const timer = slow.begin({ verb: "REQ", filters: [], address: "unix" })!;
  const reader = Promise.withResolvers<void>();
  const waiting = timer.waitFor(reader.promise);
  clock.advance(60_000);
  reader.resolve();
  await waiting;
  clock.advance(999);
  timer.end("answered");
  equal(lines.length, 0);
});

Deno.test("0 measures nothing, and a change holds for queries that run", () => {
  const { lines, clock, slow, query } = start(0);
  query(100_000, "time×1");
  slow.update(500);
  const timer = slow.begin({ verb: "REQ", filters: [], address: "unix" })!;
  clock.advance(600);
  slow.update(0);
  timer.end("answered");
  equal(lines.length, 0);
  slow.update(500);
  timer.failed(new Error("x"), AbortSignal.abort());
  equal(lines[0]?.[1]?.["end"], "given-up");
});
