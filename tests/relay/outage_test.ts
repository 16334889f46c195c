import { deepEqual, equal } from "node:assert/strict";
import type { Log, LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { Outage } from "../../src/relay/outage.ts";
import { FakeClock } from "../kit/fake_clock.ts";

Deno.test("an outage is told when it begins and when it is over, with how long and how often", () => {
  const lines: [string, LogFields | undefined][] = [];
  const log: Log = {
    ...silentLog,
    error: (message, fields) => lines.push([message, fields]),
    info: (message, fields) => lines.push([message, fields]),
  };
  const clock = new FakeClock();
  const outage = new Outage("database", log, clock);
  outage.worked();
  outage.failed(new Error("gone", { cause: new Error("ECONNREFUSED") }));
  equal(outage.ongoing, true);
  clock.advance(1_500);
  outage.failed("gone");
  outage.worked();
  outage.worked();
  outage.failed("again");
  deepEqual(lines, [
    ["database fails", { error: "gone: ECONNREFUSED" }],
    ["database works again", { lastedMs: 1_500, failures: 2 }],
    ["database fails", { error: "again" }],
  ]);
});

Deno.test("what worked a moment ago is known, until it fails", () => {
  const clock = new FakeClock();
  const outage = new Outage("database", silentLog, clock);
  equal(outage.workedWithin(1_000), false);
  outage.worked();
  clock.advance(1_000);
  equal(outage.workedWithin(1_000), true);
  clock.advance(1);
  equal(outage.workedWithin(1_000), false);
  outage.worked();
  outage.failed("gone");
  equal(outage.workedWithin(1_000), false);
});
