import { equal, ok } from "node:assert/strict";
import { filterValueCount, FilterValues } from "../../src/relay/filter_values.ts";

const limits = { maxConnectionFilterValues: 50_000, maxTotalFilterValues: 300_000 };

Deno.test("a connection has no more than its own bound, all or nothing", () => {
  const account = new FilterValues(limits).open();
  equal(account.take(50_001), false);
  equal(account.take(50_000), true);
  equal(account.take(1), false);
  account.give(50_000);
  equal(account.take(50_000), true);
});

Deno.test("a client with many connections gets no more than a third of all", () => {
  const values = new FilterValues(limits);
  for (let i = 0; i < 1_000; i++) while (values.open("192.0.2.1").take(1_000));
  equal(values.total, 100_000);
});

Deno.test("whoever comes last finds room, however many clients take what they can", () => {
  const values = new FilterValues(limits);
  for (let client = 0; client < 200; client++) {
    for (let i = 0; i < 50; i++) while (values.open(`client ${client}`).take(1_000));
  }
  equal(values.open("a newcomer").take(1_000), true);
  ok(values.total <= limits.maxTotalFilterValues + 201 * 2_000);
});

Deno.test("what all have given back leaves nothing behind", () => {
  const values = new FilterValues(limits);
  const accounts = ["a", "b", undefined].map((client) => values.open(client));
  for (const account of accounts) account.take(10);
  for (const account of accounts) account.give(10);
  equal(values.total, 0);
});

Deno.test("a long value of a tag counts as several, one of a key's length as one", () => {
  const count = (...values: string[]) => {
    return filterValueCount([{ tags: new Map([["t", new Set(values)]]) }]) - 1;
  };
  equal(count("a", ""), 2);
  equal(count("a".repeat(64), "b".repeat(65)), 3);
  equal(count("a".repeat(500_000)), 7_813);
});
