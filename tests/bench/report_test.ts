import { deepEqual, equal, ok } from "node:assert/strict";
import { ratioOf } from "../../bench/load/comparison.ts";
import type { Compared, Figures } from "../../bench/load/measure.ts";
import { comparisonTable, ratioText, table } from "../../bench/load/report.ts";

const figures: Figures = {
  ...{ group: "req", load: "REQ: #t", unit: "queries/s", detail: "35 rows each", tally: {} },
  ...{ perSecond: 1_234.5, done: 900, tried: 900, seconds: 1, clientCores: 0.25, relayCores: 1 },
  ...{ p50Ms: 1.5, p90Ms: 2.25, p99Ms: 12.34, p999Ms: 100 },
};

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

Deno.test("a load is a row, and what is to be said about it a line below", () => {
  deepEqual(lines(table([figures])).slice(2), [
    "| REQ: #t | 1,235 queries/s | 1.50 | 2.25 | 12.3 | 100.0 | 0.25 | 1.00 |",
    "- REQ: #t: 35 rows each",
  ]);
});

Deno.test("refusals are shown with their reasons, challenges are not", () => {
  const tally = {
    "CLOSED, error": { count: 1_000, example: "error: no" },
    "no answer": { count: 2, example: "" },
    "AUTH challenge": { count: 8, example: "" },
  };
  deepEqual(lines(table([{ ...figures, detail: "", tally }])).slice(3), [
    "- REQ: #t: 1,000 × CLOSED, error (“error: no”)",
    "- REQ: #t: 2 × no answer",
  ]);
});

Deno.test("a client that is at its limit says so", () => {
  ok(!table([{ ...figures, clientCores: 0.89 }]).includes("it may be what is measured"));
  ok(table([{ ...figures, clientCores: 0.95 }]).includes("it may be what is measured"));
});

Deno.test("memory is told of idle connections, where the process is known", () => {
  const hold = {
    ...figures,
    group: "hold" as const,
    residentBytes: [2 ** 20, 3 * 2 ** 20] as const,
  };
  ok(table([hold]).includes("the relay's memory was 1 MiB before and 3 MiB with them"));
  ok(!table([{ ...hold, group: "req" }]).includes("memory"));
});

Deno.test("a ratio has its spread, and a question mark where that is larger", () => {
  equal(ratioText(ratioOf([200, 210, 190], [100, 100, 100])), "2.00 (1.90–2.10)");
  equal(ratioText(ratioOf([100, 120, 105], [100, 100, 100])), "? 1.05 (1.00–1.20)");
  equal(ratioText(undefined), "–");
});

Deno.test("what is to be said of two relays is said once, or of the one", () => {
  const slow = { ...figures, perSecond: 600, detail: "34 rows each" };
  const compared: Compared = {
    ...{ load: figures.load, unit: figures.unit, a: [figures, figures], b: [figures, slow] },
    perSecond: ratioOf([1, 1], [1, 2]),
    p50Ms: undefined,
    p99Ms: undefined,
    cpuEach: undefined,
  };
  const [, , row, , , remark, ...more] = lines(comparisonTable([compared]));
  equal(row, "| REQ: #t, queries/s | 1,235 | 917 | ? 0.75 (0.50–1.00) | – | – | 0.25, 0.25 |");
  equal(remark, "- REQ: #t, A and B: 35 rows each");
  deepEqual(more, []);
  const other = lines(comparisonTable([{ ...compared, b: [slow] }]));
  deepEqual(other.slice(-2), [
    "- REQ: #t, A: 35 rows each",
    "- REQ: #t, B: 34 rows each",
  ]);
});
