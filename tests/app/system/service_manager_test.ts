import { deepEqual, equal } from "node:assert/strict";
import { ServiceManager, watchdogMs } from "../../../src/app/system/service_manager.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const NOTIFY_SOCKET = "/run/systemd/notify";

Deno.test("sd_notify(3): READY, WATCHDOG twice in its time, STOPPING", () => {
  const clock = new FakeClock();
  const sent: string[] = [];
  const manager = new ServiceManager({
    environment: { NOTIFY_SOCKET, WATCHDOG_USEC: "30000000", WATCHDOG_PID: String(Deno.pid) },
    clock,
    log: silentLog,
    send: (socket, message) => void sent.push(`${socket} ${message}`),
  });
  manager.ready("listening on ws://[::]:8080");
  clock.advance(14_999);
  equal(sent.length, 1);
  clock.advance(1);
  clock.advance(15_000);
  manager.stopping();
  manager.close();
  deepEqual(sent, [
    `${NOTIFY_SOCKET} READY=1\nSTATUS=listening on ws://[::]:8080`,
    `${NOTIFY_SOCKET} WATCHDOG=1`,
    `${NOTIFY_SOCKET} WATCHDOG=1`,
    `${NOTIFY_SOCKET} STOPPING=1`,
  ]);
  equal(clock.timerCount, 0);
});

Deno.test("without a service manager nothing is sent, and no timer runs", () => {
  const clock = new FakeClock();
  const send = () => {
    throw new Error("sent");
  };
  const manager = new ServiceManager({
    ...{ environment: { WATCHDOG_USEC: "1000000" }, clock, log: silentLog, send },
  });
  manager.ready("");
  manager.stopping();
  equal(clock.timerCount, 0);
});

Deno.test("a manager that cannot be told is named once, and the relay goes on", () => {
  const clock = new FakeClock();
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  const environment = { NOTIFY_SOCKET: "/nowhere/notify", WATCHDOG_USEC: "1000000" };
  const manager = new ServiceManager({ environment, clock, log });
  manager.ready("");
  clock.advance(10_000);
  manager.close();
  deepEqual(warnings, ["the service manager cannot be told"]);
});

Deno.test("the watchdog of another process is not served", () => {
  equal(watchdogMs({ WATCHDOG_USEC: "2000000" }), 2_000);
  equal(watchdogMs({ WATCHDOG_USEC: "2000000", WATCHDOG_PID: "1" }), undefined);
  equal(watchdogMs({ WATCHDOG_USEC: "0" }), undefined);
  equal(watchdogMs({}), undefined);
});
