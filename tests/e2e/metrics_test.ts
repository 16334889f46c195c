/**
 * The figures of the real program, as a scrape finds them.
 *
 * @module
 */

import { equal, match, ok } from "node:assert/strict";
import { until } from "../kit/mirrored_relays.ts";
import { OtherRelay } from "../kit/other_relay.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { freePort } from "../kit/free_port.ts";

Deno.test("a scrape finds what clients did", async () => {
  const port = freePort();
  await using program = await startRelay({
    database: "memory:",
    settings: [`metrics.listen=127.0.0.1:${port}`, "signatures.workers=0"],
  });
  await using client = await RelayClient.connect(program.url);
  const signer = new SchnorrSigner(new SeededRandom(1));
  const note = signer.sign({ kind: 1, created_at: 1, tags: [], content: "" });
  const delivered = new Promise<string>((resolve) => client.follow(resolve));
  await client.publish(note);
  equal(await delivered, note.id);
  await client.publish(note);
  await client.publish({ ...note, content: "forged" });
  await client.query([{ tags: new Map() }]);

  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  const value = (series: string) => {
    const line = text.split("\n").find((line) => line.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  };
  equal(value("gallimimus_connections"), 1);
  equal(value("nostr_cmd_event_total"), 3);
  equal(value("nostr_cmd_req_total"), 2);
  equal(value('gallimimus_events_total{outcome="stored"}'), 1);
  equal(value('gallimimus_events_total{outcome="duplicate"}'), 1);
  equal(value('gallimimus_refusals_total{reason="invalid"}'), 1);
  equal(value('nostr_events_sent_total{source="db"}'), 1);
  equal(value("nostr_events_write_seconds_count"), 3);
  equal(value("gallimimus_event_delivery_seconds_count"), 1);
  equal(value("nostr_query_seconds_count"), 2);
  equal(value('gallimimus_query_seconds_count{source="memory"}'), 2);
  equal(value('gallimimus_query_seconds_count{source="database"}'), 0);
  equal(value("gallimimus_window_events"), 1);
  equal(value('gallimimus_queue_length{queue="write"}'), 0);
  equal(value("gallimimus_connection_limit"), 10_000);
  equal(value("gallimimus_writing_fails"), 0);
  ok(value("process_cpu_seconds_total")! > 0);
  ok(value('gallimimus_memory_bytes{kind="resident"}')! > 1_000_000);
  // Each metric has its help and type once, and no series stands twice.
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")));
  equal(new Set(series).size, series.length);
  const types = text.match(/^# TYPE .*$/gm)!.map((line) => line.split(" ")[2]);
  equal(new Set(types).size, types.length);

  equal(await fetch(`http://127.0.0.1:${port}/`).then((r) => (r.body?.cancel(), r.status)), 404);
  const elsewhere = await fetch(program.url.replace(/^ws/, "http") + "/metrics");
  await elsewhere.body?.cancel();
  equal(elsewhere.status, 404);
  await client.close();
  equal(await program.stop(), 0);
});

Deno.test("a scrape finds what the mirrors did, and config check what they are", async () => {
  const port = freePort();
  const author = new SchnorrSigner(new SeededRandom(2));
  const [theirs, ours] = ["theirs", "ours"].map((content) =>
    author.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content })
  );
  await using other = new OtherRelay({ refuses: () => "blocked: not yours" }, [theirs!]);
  const mirror = `mirrors.relay=[{"url":"${other.url}?token=secret","direction":"both"}]`;
  await using program = await startRelay({
    database: "memory:",
    settings: [`metrics.listen=127.0.0.1:${port}`, "signatures.workers=0", mirror],
  });
  await using client = await RelayClient.connect(program.url);
  await client.publish(ours!);
  const series = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const lines = (await response.text()).split("\n");
    return lines.filter((line) => line.startsWith("gallimimus_mirror_")).sort();
  };
  const labels = `url="${other.url}"`;
  const wanted = [
    `gallimimus_mirror_connected{${labels}} 1`,
    `gallimimus_mirror_received_total{${labels}} 1`,
    `gallimimus_mirror_rejected_total{${labels},reason="blocked"} 1`,
    `gallimimus_mirror_sent_total{${labels}} 0`,
    `gallimimus_mirror_stored_total{${labels}} 1`,
  ];
  ok(await until(async () => (await series()).join() === wanted.join()), (await series()).join());
  ok(program.log.some((line) => line.includes("mirror connected") && !line.includes("secret")));
  await client.close();
  equal(await program.stop(), 0);

  await using check = new Program("mod.ts", ["config", "check", "--set", mirror]);
  match((await check.end()).stdout, /^mirrors\.relay = \[\{"url":"ws:/);
});
