import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../../src/base/log.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { Housekeeping } from "../../../src/store/database/housekeeping.ts";
import { openPglite } from "../../../src/store/database/pglite.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { PgliteDirectory } from "../../kit/pglite_directory.ts";

const PERIOD_MS = 600_000;

Deno.test("a table that changed is vacuumed and analysed; then nothing is left to do", async () => {
  await using directory = await PgliteDirectory.make();
  const database = await openPglite(directory.path);
  await database.script("create table busy (n integer); create table idle (n integer)");
  await database.script("insert into busy select generate_series(1, 20000)");
  await database.script("update busy set n = n + 1");
  const seen: unknown[] = [];
  const log = { ...silentLog, info: (_: string, fields?: unknown) => void seen.push(fields) };
  const housekeeping = new Housekeeping(database, { clock: new FakeClock(), log });
  await housekeeping.run();
  deepEqual(seen, [{ table: "busy", tookMs: 0 }]);
  await housekeeping.run();
  equal(seen.length, 1);
  await housekeeping.stop();
  await database.close();
});

Deno.test("it runs once each period, never twice at once, and not after stop", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const answer = Promise.withResolvers<readonly never[]>();
  const database = {
    query: () => (asked++, answer.promise),
    script: () => Promise.resolve(),
  };
  const housekeeping = new Housekeeping(database, { clock, log: silentLog });
  clock.advance(PERIOD_MS - 1);
  equal(asked, 0);
  clock.advance(1);
  await Promise.resolve();
  equal(asked, 1);
  clock.advance(3 * PERIOD_MS);
  equal(asked, 1, "the first one is still at work");
  answer.resolve([]);
  await housekeeping.stop();
  equal(clock.timerCount, 0);
});

Deno.test("an unavailable database is logged, and tried again", async () => {
  const warned: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) };
  const database = {
    query: () => Promise.reject(new StoreUnavailable("closed")),
    script: () => Promise.resolve(),
  };
  const housekeeping = new Housekeeping(database, { clock: new FakeClock(), log });
  await housekeeping.run();
  await housekeeping.run();
  deepEqual(warned, ["table not vacuumed", "table not vacuumed"]);
  await housekeeping.stop();
});
