import { deepEqual, equal, ok } from "node:assert/strict";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import { RefusalLog } from "../../src/relay/refusal_log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

function start() {
  const lines: [string, LogFields | undefined][] = [];
  const log: Log = { ...silentLog, info: (...line) => void lines.push([line[0], line[1]]) };
  const clock = new FakeClock();
  const refusals = new RefusalLog({ log, clock });
  const note = (address: string, why: string, times = 1) => {
    for (let time = 0; time < times; time++) refusals.note({ address, why });
  };
  return { lines, clock, refusals, note };
}

Deno.test("a minute of refusals is one line, and one for each client that was refused often", () => {
  const { lines, clock, note } = start();
  note("192.0.2.1", "invalid", 2);
  note("192.0.2.2", "invalid", 3);
  note("192.0.2.2", "rate-limited", 40);
  clock.advance(59_999);
  equal(lines.length, 0);
  clock.advance(1);
  deepEqual(lines, [
    ["clients were refused", { clients: 2, times: 45, reasons: "rate-limited:40,invalid:5" }],
    ["client was refused often", {
      ...{ address: "192.0.2.2", times: 43, reasons: "rate-limited:40,invalid:3" },
      ...{ key: undefined, told: undefined },
    }],
  ]);
  clock.advance(600_000);
  equal(lines.length, 2);
  equal(clock.timerCount, 0);
});

Deno.test("of many clients the worst five get a line", () => {
  const { lines, refusals, note } = start();
  for (let client = 0; client < 50; client++) note(`192.0.2.${client}`, "blocked", 20 + client);
  refusals.close();
  deepEqual(lines.slice(1).map(([, fields]) => fields?.["address"]), [
    ...[49, 48, 47, 46, 45].map((client) => `192.0.2.${client}`),
  ]);
});

Deno.test("a key that is refused often has a line, whatever addresses it comes from", () => {
  const { lines, refusals } = start();
  const told = "too many events, try again later";
  for (let at = 0; at < 30; at++) {
    refusals.note({ address: `192.0.2.${at}`, key: "b".repeat(64), why: "rate-limited", told });
  }
  refusals.note({ address: "192.0.2.1", key: "a".repeat(64), why: "blocked", told: "a ban" });
  refusals.close();
  deepEqual(lines.slice(1), [["key was refused often", {
    ...{ key: "b".repeat(64), times: 30, reasons: "rate-limited:30", told },
    address: "192.0.2.29",
  }]]);
});

Deno.test("among 100,000 clients memory is bounded, nothing goes uncounted, and the worst is found", () => {
  const { lines, refusals } = start();
  for (let client = 0; client < 100_000; client++) {
    refusals.note({ address: `client ${client}`, key: `key ${client}`, why: "blocked" });
    // It comes late, and is one of three hundred.
    if (client > 10_000 && client % 300 === 0) {
      refusals.note({ address: "worst", why: "rate-limited", told: "slow down" });
    }
  }
  refusals.close();
  const [[, all], ...others] = lines as [[string, LogFields], ...typeof lines];
  equal(all["times"], 100_300);
  equal(all["reasons"], "blocked:100000,rate-limited:300");
  deepEqual(others.map(([message, fields]) => [message, fields?.["address"], fields?.["told"]]), [
    ["client was refused often", "worst", "slow down"],
  ]);
  ok(Number(others[0]![1]?.["times"]) > 250);
});

Deno.test("without refusals nothing is written, and no timer runs", () => {
  const { lines, clock, refusals, note } = start();
  refusals.close();
  note("192.0.2.1", "blocked");
  clock.advance(600_000);
  equal(lines.length, 0);
});
