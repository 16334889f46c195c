import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DiskWatch, nextLevel, type SpaceLevel } from "../../../src/app/database/disk_watch.ts";
import type { Log } from "../../../src/base/log.ts";
import { silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const MIB = 1_048_576;

/** A log whose lines are kept, as level and message. */
function linesLog(lines: string[]): Log {
  const keep = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { ...silentLog, info: keep("info"), warn: keep("warn"), error: keep("error") };
}

/** Lets what was started by a timer end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

Deno.test("space that runs out is announced early, then stops writing, then gives it back", async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  let freeMib = 1_000;
  const watch = await DiskWatch.start({
    directory: "/data",
    minFreeBytes: 100 * MIB,
    clock,
    log: linesLog(lines),
    freeBytesOf: () => Promise.resolve(freeMib * MIB),
  });
  const at = async (mib: number) => {
    freeMib = mib;
    clock.advance(2_000);
    await settle();
  };
  deepEqual(lines, []);
  await at(399);
  await at(398);
  equal(watch.fault, undefined);
  await at(99);
  match(watch.fault ?? "", /less than 100 MiB .*\/data/);
  await at(109);
  ok(watch.fault !== undefined, "it is not let go at once");
  await at(110);
  equal(watch.fault, undefined);
  await at(1_000);
  deepEqual(lines, [
    "warn: disk space is low",
    "error: the disk is almost full: no event is stored",
    "warn: disk space is low",
    "info: there is disk space again",
  ]);
  equal(watch.freeBytes, 1_000 * MIB);
  watch.close();
  equal(clock.timerCount, 0);
});

Deno.test("a disk that is full at the start is known before anything is written", async () => {
  const watch = await DiskWatch.start({
    ...{ directory: "/data", minFreeBytes: 2, clock: new FakeClock(), log: silentLog },
    freeBytesOf: () => Promise.resolve(1),
  });
  ok(watch.fault !== undefined);
  watch.close();
});

Deno.test("where the system does not say, events are stored, and the log says so once", async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const watch = await DiskWatch.start({
    ...{ directory: "/data", minFreeBytes: 2, clock, log: linesLog(lines) },
    freeBytesOf: () => Promise.reject(new Error("no such system call")),
  });
  clock.advance(2_000);
  await settle();
  equal(watch.fault, undefined);
  equal(watch.freeBytes, undefined);
  deepEqual(lines, ["warn: free disk space is not known"]);
  watch.close();
});

Deno.test("the system is asked about a real directory", async () => {
  const directory = await Deno.makeTempDir();
  const log = silentLog;
  const watch = await DiskWatch.start({ directory, minFreeBytes: 1, clock: new FakeClock(), log });
  ok(watch.freeBytes! > 0);
  watch.close();
  await Deno.remove(directory);
});

Deno.test("no level is left right where it was entered", () => {
  const levels: SpaceLevel[] = ["ample", "low", "full"];
  for (const before of levels) {
    for (let free = 0; free < 600; free += 7) {
      const next = nextLevel(before, free, 100);
      equal(nextLevel(next, free, 100), next, `${before} at ${free}`);
    }
  }
});
