import { deepEqual, equal } from "node:assert/strict";
import { ProxyAdvice } from "../../../src/app/network/proxy_advice.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";

function start(isConfigured = false) {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_, fields) => void warnings.push(fields) };
  const advice = new ProxyAdvice(log, isConfigured);
  const note = (address: string, times = 1, headers: Record<string, string> = {}) => {
    for (let time = 0; time < times; time++) advice.note(address, new Headers(headers));
  };
  return { warnings, note };
}

Deno.test("a hundred connections from one nearby address look like a proxy, once", () => {
  const { warnings, note } = start();
  note("10.0.0.1", 99);
  equal(warnings.length, 0);
  note("10.0.0.1", 200);
  deepEqual(warnings, [{ address: "10.0.0.1", header: undefined }]);
});

Deno.test("a header that only a proxy adds is enough", () => {
  const { warnings, note } = start();
  note("203.0.113.1", 1, { "X-Forwarded-For": "192.0.2.1" });
  note("127.0.0.1");
  equal(warnings.length, 0, "whoever comes from afar may claim anything");
  note("127.0.0.1", 1, { "X-Forwarded-For": "192.0.2.1" });
  deepEqual(warnings, [{ address: "127.0.0.1", header: "x-forwarded-for" }]);
});

Deno.test("clients from several addresses, or from afar, are no proxy", () => {
  for (const others of [["10.0.0.2"], ["203.0.113.1"]]) {
    const { warnings, note } = start();
    note("10.0.0.1", 50);
    for (const other of others) note(other);
    note("10.0.0.1", 500);
    equal(warnings.length, 0);
  }
  const { warnings, note } = start();
  note("203.0.113.1", 500);
  equal(warnings.length, 0);
});

Deno.test("with a proxy in the settings nothing is said", () => {
  const { warnings, note } = start(true);
  note("unix", 500, { Forwarded: "for=192.0.2.1" });
  equal(warnings.length, 0);
});
