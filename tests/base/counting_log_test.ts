import { deepEqual, equal } from "node:assert/strict";
import { CountingLog } from "../../src/base/counting_log.ts";
import { type LogFields, silentLog } from "../../src/base/log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

/** A counting log and what it wrote. */
function counted() {
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const clock = new FakeClock();
  const target = { ...silentLog, warn: write("warn"), error: write("error"), info: write("info") };
  return { lines, clock, log: new CountingLog({ log: target, clock, intervalMs: 1000 }) };
}

Deno.test("the first line is written at once, repetitions as a count in each interval", () => {
  const { lines, clock, log } = counted();
  for (let count = 0; count < 400; count++) log.error("failed", { count });
  deepEqual(lines, ['error failed {"count":0}']);
  clock.advance(1000);
  deepEqual(lines.slice(1), ['error failed {"count":399,"times":399}']);
  log.error("failed", { count: 400 });
  clock.advance(1000);
  equal(lines.length, 3, "one more interval, one more line");
  clock.advance(1000);
  equal(lines.length, 3);
  equal(clock.timerCount, 0, "what is quiet is forgotten");
  log.error("failed");
  equal(lines.length, 4, "and is said at once when it begins anew");
  log.close();
});

Deno.test("each message is counted separately, and info and debug are not counted", () => {
  const { lines, log } = counted();
  log.warn("a");
  log.error("b");
  log.info("c");
  log.info("c");
  equal(lines.length, 4);
  log.close();
});

Deno.test("closing writes the pending counts and leaves no timer", () => {
  const { lines, clock, log } = counted();
  log.warn("a");
  log.warn("a");
  log.close();
  equal(clock.timerCount, 0);
  deepEqual(lines, ["warn a {}", 'warn a {"times":1}']);
  log.warn("a");
  log.warn("a");
  equal(lines.length, 4);
  equal(clock.timerCount, 0);
});
