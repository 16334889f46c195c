/**
 * `deno task bench` against our own relay: what it says that it did is what the relay counted.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { BenchReport } from "../../bench/relay.ts";
import { freePort } from "../kit/free_port.ts";
import { Program } from "../kit/program.ts";
import { startRelay } from "../kit/running_relay.ts";

const tiny = [
  ...["--events", "300", "--seconds", "0.2", "--connections", "4", "--in-flight", "8"],
  ...["--rate", "200", "--askers", "2", "--listeners", "5"],
  ...["--held-connections", "3", "--held-subscriptions", "2", "--timeout", "60", "--seed", "1"],
];

async function bench(...args: readonly string[]): Promise<BenchReport> {
  const json = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await using program = new Program("bench/relay.ts", [...tiny, ...args, "--json", json]);
    const { code, stderr } = await program.end();
    equal(code, 0, stderr);
    return JSON.parse(await Deno.readTextFile(json));
  } finally {
    await Deno.remove(json);
  }
}

async function startCounting() {
  const port = freePort();
  const relay = await startRelay({
    database: "memory:",
    settings: [`metrics.listen=127.0.0.1:${port}`],
  });
  const count = async (series: string): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const lines = (await response.text()).split("\n");
    return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length) ?? 0);
  };
  return { relay, count };
}

Deno.test("what a bench did is what the relay counted", async () => {
  const { relay, count } = await startCounting();
  await using _ = relay;
  const { machine, relays } = await bench(relay.url, "--pid", String(relay.pid));
  ok(machine.echoFramesPerSecond > 0);
  const { loads } = relays[0]!;
  const named = (part: string) => loads.filter(({ load }) => load.includes(part));
  const sum = (part: string) => named(part).reduce((total, { done }) => total + done, 0);

  deepEqual(named("publish").map(({ done }) => done), [300, 40]);
  for (const { load, done, tried, perSecond, p50Ms, p999Ms, tally, relayCores } of loads) {
    ok(done > 0, `${load} did nothing`);
    equal(done, tried, `${load}: ${JSON.stringify(tally)}`);
    ok(perSecond > 0 && p50Ms > 0 && p50Ms <= p999Ms, load);
    ok(relayCores !== undefined);
  }
  const asked = sum("REQ");
  // Listeners: all, all deflated, by author, one; then the idle ones.
  const listened = 5 + 5 + 5 * 4 + 1 + 3 * 2;
  equal(await count("nostr_cmd_req_total"), asked + listened);
  const delivered = sum("one event to");
  // A subscription that its load no longer listens to may be sent a few more until it is closed.
  const sent = await count('nostr_events_sent_total{source="realtime"}');
  ok(sent >= delivered && sent < 1.1 * delivered, `${sent} sent, ${delivered} delivered`);
  equal(sum("one event to 5 listeners") % 5, 0);
  const stored = await count('gallimimus_events_total{outcome="stored"}');
  ok(stored >= 340 + sum("one event to 5 listeners") / 5 + sum("one event to 1 listeners"));
  equal(await count('gallimimus_events_total{outcome="duplicate"}'), 0);
  match(named("idle")[0]!.load, /3 idle connections, 2 subscriptions/);
});

Deno.test("a bench counts refusals and does not fail", async () => {
  await using relay = await startRelay({
    database: "memory:",
    settings: ["access.banned_kinds=7", "access.readers=members", "access.preset=public"],
  });
  const { relays } = await bench(relay.url, "--only", "publish,req,fan-out,hold");
  const { loads } = relays[0]!;
  const publish = loads.find(({ load }) => load.startsWith("publish"));
  const refused = publish!.tally["OK false, blocked"]!.count;
  ok(refused > 0);
  equal(publish!.done + refused, 300);
  for (const { load, done, tried, tally } of loads.filter(({ load }) => load.includes("REQ"))) {
    equal(done, 0, load);
    equal(tally["CLOSED, auth-required"]?.count, tried, load);
  }
});

Deno.test("two relays are compared pair by pair", async () => {
  await using relay = await startRelay({ database: "memory:" });
  const { comparison } = await bench(
    ...[relay.url, "--compare", "memory:", "--compare-set", "cache.max_mib=0"],
    ...["--pairs", "2", "--only", "publish"],
  );
  deepEqual(comparison!.map(({ a, b }) => [a.length, b.length]), [[2, 2], [2, 2]]);
  for (const { a, b, perSecond, p99Ms } of comparison!) {
    for (const { done, tried, tally } of [...a, ...b]) equal(done, tried, JSON.stringify(tally));
    ok(perSecond!.least <= perSecond!.median && perSecond!.median <= perSecond!.most);
    ok(p99Ms!.median > 0);
  }
});

Deno.test("a mistake on the command line is told, and a relay that is not there", async () => {
  const run = async (...args: readonly string[]) => {
    await using program = new Program("bench/relay.ts", args);
    return await program.end();
  };
  const wrong = await run("--seconds", "soon");
  equal(wrong.code, 2);
  match(wrong.stderr, /--seconds is no number: soon/);
  const help = await run("--help");
  equal(help.code, 0);
  match(help.stdout, /--compare URL\|NAME/);
  const absent = await run(...tiny, `ws://127.0.0.1:${freePort()}`, "--only", "connect");
  equal(absent.code, 1);
  match(absent.stderr, /no connection: /);
});
