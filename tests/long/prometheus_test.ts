/**
 * Prometheus itself, which scrapes the real program for ten minutes while clients publish, listen and ask:
 * its figures have to be those of the clients. Where Prometheus is not installed, the test is off and says so.
 *
 * `SECONDS` in the environment changes how long it lasts.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { EventKeys, keyOf, okKey, okResult, verbOf } from "../../bench/load/answer.ts";
import { textFrame } from "../../bench/load/frames.ts";
import { RawClient } from "../../bench/load/raw_client.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { freePort } from "../kit/free_port.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const lastsS = Number(Deno.env.get("SECONDS") ?? 600);
const SCRAPE_S = 5;
const EVENTS_PER_SECOND = 20;
/** How far the figures may be apart. */
const MOST_APART = 0.1;
/** What one scrape may cost, of a core, when it comes every {@link SCRAPE_S}. */
const MOST_OF_A_CORE = 0.01;

const isInstalled = new Deno.Command("which", { args: ["prometheus"], stdout: "null" })
  .outputSync().success;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Prometheus, which scrapes one target and keeps what it finds in a directory of its own. */
class Prometheus implements AsyncDisposable {
  readonly #directory = Deno.makeTempDirSync();
  readonly #url: string;
  readonly #process: Deno.ChildProcess;

  constructor(target: string) {
    const config = {
      global: { scrape_interval: `${SCRAPE_S}s` },
      scrape_configs: [{ job_name: "relay", static_configs: [{ targets: [target] }] }],
    };
    // JSON is YAML, too.
    Deno.writeTextFileSync(`${this.#directory}/prometheus.yml`, JSON.stringify(config));
    const listen = `127.0.0.1:${freePort()}`;
    this.#url = `http://${listen}`;
    this.#process = new Deno.Command("prometheus", {
      args: [
        `--config.file=${this.#directory}/prometheus.yml`,
        `--storage.tsdb.path=${this.#directory}/data`,
        `--web.listen-address=${listen}`,
        "--log.level=error",
      ],
      stdout: "null",
    }).spawn();
  }

  /** What a question is answered with, at the moment. */
  async ask(query: string): Promise<number> {
    const parameters = new URLSearchParams({ query });
    const response = await fetch(`${this.#url}/api/v1/query?${parameters}`);
    const { data } = await response.json();
    return Number(data.result[0]?.value[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** How long clients waited, in all, and how often. */
class Waits {
  #seconds = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The mean, seconds. */
  get mean(): number {
    return this.#seconds / this.#count;
  }

  since(startMs: number): void {
    this.#seconds += (performance.now() - startMs) / 1_000;
    this.#count++;
  }
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= MOST_APART * Math.max(one, other);
}

async function scrapeCost(target: string, process: string): Promise<number> {
  const SCRAPES = 200;
  const before = cpuSeconds(process);
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    await (await fetch(`http://${target}/metrics`)).text();
  }
  return (cpuSeconds(process) - before) / SCRAPES;
}

/** What a process has used, by Linux's count of a hundred ticks a second. */
function cpuSeconds(process: string): number {
  const fields = Deno.readTextFileSync(`/proc/${process}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

Deno.test({
  name: "what Prometheus has scraped is what clients have seen",
  ignore: !isInstalled,
  async fn() {
    const target = `127.0.0.1:${freePort()}`;
    await using database = await freshDatabases["managed:"]!();
    await using relay = await startRelay({
      database: database.url,
      settings: [`metrics.listen=${target}`],
    });
    await using prometheus = new Prometheus(target);
    while (!(await prometheus.ask("up").catch(() => 0) === 1)) await sleep(200);
    // Those of the load generator: what clients cost themselves is in no histogram of the relay.
    const [publisher, listener] = await Promise.all([1, 2].map(() => RawClient.connect(relay.url)));
    const sent = new Map<number, number>();
    const [oks, deliveries] = [new Waits(), new Waits()];
    let isAnswered = Promise.withResolvers<void>();
    const isFollowed = Promise.withResolvers<void>();
    const published = publisher!.read((payload) => {
      if (verbOf(payload) !== "OK") return;
      oks.since(sent.get(okKey(payload))!);
      equal(okResult(payload), "accepted");
      isAnswered.resolve();
    });
    const keys = new EventKeys();
    const listened = listener!.read((payload) => {
      if (verbOf(payload) === "EOSE") isFollowed.resolve();
      else if (verbOf(payload) === "EVENT") deliveries.since(sent.get(keys.keyOf(payload))!);
    });
    await listener!.send(textFrame('["REQ","all",{"limit":1}]'));
    await isFollowed.promise;

    const endMs = performance.now() + lastsS * 1_000;
    for (const event of notes()) {
      if (performance.now() > endMs) break;
      const frame = textFrame(`["EVENT",${eventJson(event)}]`);
      isAnswered = Promise.withResolvers();
      sent.set(keyOf(event.id), performance.now());
      await publisher!.send(frame);
      await isAnswered.promise;
      await sleep(1_000 / EVENTS_PER_SECOND);
    }
    await sleep(2 * SCRAPE_S * 1_000);
    for (const client of [publisher!, listener!]) client.close();
    await Promise.all([published, listened]);

    for (
      const [name, waits] of [
        ["nostr_events_write_seconds", oks],
        ["gallimimus_event_delivery_seconds", deliveries],
      ] as const
    ) {
      equal(await prometheus.ask(`${name}_count`), waits.count, name);
      const mean = await prometheus.ask(`${name}_sum / ${name}_count`);
      console.log(
        `  ${name}: ${(1e3 * mean).toFixed(2)} ms, clients ${(1e3 * waits.mean).toFixed(2)} ms`,
      );
      ok(isNear(mean, waits.mean), `${name}: ${mean} s, clients ${waits.mean} s`);
    }
    equal(await prometheus.ask('gallimimus_events_total{outcome="stored"}'), oks.count);
    equal(await prometheus.ask(`min_over_time(up[${lastsS}s])`), 1, "no scrape failed");
    const cost = await scrapeCost(target, String(relay.pid));
    console.log(`  a scrape takes ${(1e3 * cost).toFixed(1)} ms of a core`);
    ok(cost / SCRAPE_S < MOST_OF_A_CORE);
    equal(await relay.stop(), 0);
  },
});

function* notes(): Generator<NostrEvent> {
  const random = new SeededRandom(1);
  const signer = new SchnorrSigner(random);
  for (let number = 0;; number++) {
    yield signer.sign({
      kind: 1,
      created_at: 1_700_000_000 + number,
      tags: [],
      content: `${number}`,
    });
  }
}
