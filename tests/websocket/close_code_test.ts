import { deepEqual, equal } from "node:assert/strict";
import { CloseCode, mayTravel } from "../../src/websocket/close_code.ts";

Deno.test("RFC 6455 §7.4.1: codes that stand for a missing frame never travel", () => {
  for (const code of [CloseCode.noStatus, CloseCode.abnormal, CloseCode.tlsHandshake, 1004]) {
    equal(mayTravel(code), false, String(code));
  }
});

Deno.test("RFC 6455 §7.4.1: every other registered code may travel", () => {
  const local: readonly number[] = [1005, 1006, 1015];
  const travelling = Object.values(CloseCode).filter((code) => !local.includes(code));
  equal(travelling.length, 12);
  deepEqual(travelling.filter((code) => !mayTravel(code)), []);
});

Deno.test("RFC 6455 §7.4.2: the ranges begin and end where they should", () => {
  for (const code of [0, 999, 1016, 2000, 2999, 5000, 65_535]) equal(mayTravel(code), false);
  for (const code of [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999]) equal(mayTravel(code), true);
});
