import { deepEqual, equal, rejects } from "node:assert/strict";
import { awaitServer } from "../../../src/app/database/await_server.ts";
import { silentLog } from "../../../src/base/log.ts";
import { ServerAway } from "../../../src/store/database/connect_fault.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

/** Waits for a server that answers from the given attempt on. */
function start(opensAt: number, fault: Error = new ServerAway("nobody listens")) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const log = { ...silentLog, info: note, warn: note };
  const stop = new AbortController();
  const tried = { times: 0 };
  const open = () => {
    tried.times++;
    return tried.times >= opensAt ? Promise.resolve("opened") : Promise.reject(fault);
  };
  const waitMs = 60_000;
  const opened = awaitServer(open, { log, clock, waitMs, stop: stop.signal });
  opened.catch(() => {});
  /** Lets so much time pass, second by second. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1_000);
    }
  };
  return { clock, lines, stop, tried, opened, pass };
}

Deno.test("a server that answers at once is not waited for, and nothing is said", async () => {
  const { opened, lines, clock } = start(1);
  equal(await opened, "opened");
  deepEqual(lines, []);
  equal(clock.timerCount, 0);
});

Deno.test("a server that answers later is said to be away once, and to answer once", async () => {
  const { opened, lines, pass } = start(5);
  await pass(20);
  equal(await opened, "opened");
  deepEqual(lines, ["waiting for the database", "the database answers"]);
});

Deno.test("after the time, what the last attempt met is the error", async () => {
  const { opened, lines, tried, pass, clock } = start(Infinity);
  await pass(62);
  await rejects(opened, { message: "nobody listens" });
  deepEqual(lines, ["waiting for the database"]);
  equal(tried.times > 10 && tried.times < 30, true, `${tried.times}`);
  equal(clock.timerCount, 0);
});

Deno.test("what waiting does not mend ends it at once", async () => {
  const { opened, tried, lines } = start(Infinity, new StoreUnavailable("wrong password"));
  await rejects(opened, { message: "wrong password" });
  deepEqual([tried.times, lines], [1, []]);
});

Deno.test("a signal ends the pause", async () => {
  const { opened, stop, pass, clock } = start(Infinity);
  await pass(3);
  stop.abort();
  await rejects(opened, { message: "nobody listens" });
  equal(clock.timerCount, 0);
});
