import { deepEqual, equal } from "node:assert/strict";
import type { Ending } from "../../../src/net/ending.ts";
import {
  dropReasons,
  endingKind,
  endingKinds,
  refusalReasons,
  zeroNetCounters,
} from "../../../src/net/server/net_counters.ts";

Deno.test("every reason and every kind of ending has a counter at zero", () => {
  const counters = zeroNetCounters();
  deepEqual(Object.keys(counters.dropped), [...dropReasons]);
  deepEqual(Object.keys(counters.refused), [...refusalReasons]);
  deepEqual(Object.keys(counters.ended), [...endingKinds]);
  const all = [counters.dropped, counters.refused, counters.ended].flatMap(Object.values);
  equal(all.every((count) => count === 0), true);
});

Deno.test("endings are told apart as an operator asks", () => {
  const kinds: [Ending["cause"], number, string][] = [
    ["peer", 1000, "normal"],
    ["peer", 1005, "normal"],
    ["peer", 1001, "going-away"],
    ["peer", 1008, "normal"],
    ["local", 1001, "going-away"],
    ["local", 1008, "policy"],
    ["local", 1000, "normal"],
    ["fault", 1002, "fault"],
    ["timeout", 1006, "timeout"],
    ["eof", 1006, "eof"],
    ["reset", 1006, "reset"],
    ["terminated", 1006, "terminated"],
  ];
  for (const [cause, code, kind] of kinds) equal(endingKind({ cause, code }), kind);
});
