import { deepEqual, equal } from "node:assert/strict";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import { RefusalLog } from "../../src/relay/refusal_log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

function start() {
  const lines: [string, LogFields | undefined][] = [];
  const log: Log = { ...silentLog, info: (...line) => void lines.push([line[0], line[1]]) };
  const clock = new FakeClock();
  const refusals = new RefusalLog({ log, clock });
  const note = (client: string, reason: string, times = 1) => {
    for (let time = 0; time < times; time++) refusals.note(client, reason);
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

Deno.test("however many clients there are, memory is bounded and nothing goes uncounted", () => {
  const { lines, refusals, note } = start();
  for (let client = 0; client < 5_000; client++) note(`client ${client}`, "blocked");
  refusals.close();
  deepEqual(lines, [
    ["clients were refused", { clients: 1_000, times: 5_000, reasons: "blocked:5000" }],
  ]);
});

Deno.test("without refusals nothing is written, and no timer runs", () => {
  const { lines, clock, refusals, note } = start();
  refusals.close();
  note("192.0.2.1", "blocked");
  clock.advance(600_000);
  equal(lines.length, 0);
});
