import { deepEqual, equal } from "node:assert/strict";
import { Shutdown } from "../../src/app/shutdown.ts";
import { silentLog } from "../../src/base/log.ts";
import { FakeClock } from "../kit/fake_clock.ts";

function startClosing() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const note = (message: string, fields?: object) =>
    void lines.push(`${message}: ${JSON.stringify(fields)}`);
  const log = { ...silentLog, warn: note, error: note };
  return { clock, lines, closing: new Shutdown({ clock, log, timeoutMs: 1_000 }) };
}

Deno.test("a step that ends is waited for, and leaves no timer", async () => {
  const { clock, lines, closing } = startClosing();
  await closing.step("quick", Promise.resolve());
  await closing.step("nothing", undefined);
  deepEqual([lines, clock.timerCount], [[], 0]);
});

Deno.test("a step that hangs is left behind at its share of the time, by name", async () => {
  const { clock, lines, closing } = startClosing();
  const hangs = () => new Promise<never>(() => {});
  let isOver = false;
  const first = closing.step("writing", hangs(), 0.5).then(() => isOver = true);
  clock.advance(499);
  await Promise.resolve();
  equal(isOver, false);
  clock.advance(1);
  await first;
  const second = closing.step("database", hangs());
  clock.advance(500);
  await second;
  deepEqual(lines.map((line) => line.split(": ")[1]), [
    '{"step":"writing"}',
    '{"step":"database"}',
  ]);
});

Deno.test("a step that fails is named, and the next one begins", async () => {
  const { lines, closing } = startClosing();
  await closing.step("database", Promise.reject(new Error("away")));
  deepEqual(lines, ['shutdown step failed: {"step":"database","error":"Error: away"}']);
});
