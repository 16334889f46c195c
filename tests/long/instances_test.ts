/**
 * Two instances, a hundred subscribers on each, ten thousand events published to either.
 *
 * `EVENTS` and `SUBSCRIBERS` in the environment change the sizes.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { freshDatabases } from "../e2e/databases.ts";
import { runTwoInstances } from "../kit/two_instances.ts";

const events = Number(Deno.env.get("EVENTS") ?? 10_000);
const subscribers = Number(Deno.env.get("SUBSCRIBERS") ?? 100);
/** What an event may take from one instance to the other, milliseconds; half of them are faster. */
const MEDIAN_MS = 50;

Deno.test("each subscriber gets each event once and soon", async () => {
  await using database = await freshDatabases["postgres:"]!();
  const latencies = await runTwoInstances({
    ...{ database: database.url, subscribers, events, cuts: 0 },
  });
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))]!;
  console.log(`between instances: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`);
  ok(at(0.5) <= MEDIAN_MS, `p50 ${at(0.5)} ms`);
});

Deno.test("each subscriber gets each event once though the listeners are cut ten times", async () => {
  await using database = await freshDatabases["postgres:"]!();
  const latencies = await runTwoInstances({
    ...{ database: database.url, subscribers, events, cuts: 10 },
  });
  equal(latencies.length, events);
});
