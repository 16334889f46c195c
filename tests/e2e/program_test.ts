/**
 * The program as scripts and operators use it: what design promises them, word for word.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { version } from "../../src/app/version.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const MAIN = new URL("../../mod.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Runs the program to its end. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", CONFIG, MAIN, ...args],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The answer to one request over HTTP. */
async function get(url: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(new URL(path, url.replace(/^ws/, "http")), { headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

Deno.test("a running relay answers at one port: NIP-11, a page, health and the socket", async () => {
  await using relay = await startRelay({ database: "memory:", settings: ["relay.name=Flock"] });
  match(relay.url, /^ws:\/\/127\.0\.0\.1:[1-9]\d*$/);

  const document = await get(relay.url, "/", { Accept: "application/nostr+json" });
  equal(document.status, 200);
  equal(document.headers.get("Access-Control-Allow-Origin"), "*");
  const { name, software, supported_nips, ...rest } = JSON.parse(document.body);
  deepEqual([name, rest.version], ["Flock", version]);
  match(software, /^https:/);
  for (const nip of [1, 9, 11, 40, 62]) ok(supported_nips.includes(nip), `NIP-${nip}`);

  const page = await get(relay.url, "/", { Accept: "text/html" });
  match(page.headers.get("Content-Type")!, /^text\/html/);
  match(page.body, /Flock/);
  equal((await get(relay.url, "/health")).body, "ok\n");
  equal((await get(relay.url, "/ready")).body, "ok\n");
  equal((await get(relay.url, "/nothing")).status, 404);

  await using client = await RelayClient.connect(relay.url);
  equal((await client.query([{ tags: new Map() }])).length, 0);
});

Deno.test("NIP11-05 a limit of the document holds at exactly its number", async () => {
  const settings = ["limits.max_content_length=1000", "limits.max_event_tags=3"];
  await using relay = await startRelay({ database: "memory:", settings });
  const { body } = await get(relay.url, "/", { Accept: "application/nostr+json" });
  const { limitation } = JSON.parse(body);
  deepEqual([limitation.max_content_length, limitation.max_event_tags], [1000, 3]);

  await using client = await RelayClient.connect(relay.url);
  const { SchnorrSigner } = await import("../kit/signer.ts");
  const signer = new SchnorrSigner(new SeededRandom(1));
  const draft = { kind: 1, created_at: 1_700_000_000, tags: [], content: "" };
  const publish = (change: Partial<typeof draft> & { tags?: string[][] }) =>
    client.publish(signer.sign({ ...draft, ...change }));
  const tags = [["a"], ["b"], ["c"], ["d"]];
  equal((await publish({ content: "x".repeat(1000) }))?.accepted, true);
  equal((await publish({ content: "x".repeat(1001) }))?.accepted, false);
  equal((await publish({ tags: tags.slice(1) as never }))?.accepted, true);
  equal((await publish({ tags: tags as never }))?.accepted, false);
});

Deno.test("settings come from the environment, and flags are stronger", async () => {
  const environment = { GALLIMIMUS_LIMITS__MAX_LIMIT: "77", DATABASE_URL: "memory:" };
  const { code, stdout } = await run(
    ["config", "check", "--config", "/dev/null", "--set", "limits.default_limit=55"],
    environment,
  );
  equal(code, 0);
  match(stdout, /limits\.max_limit\b.*77/);
  match(stdout, /limits\.default_limit\b.*55/);
});

Deno.test("each command explains itself", async () => {
  const commands = ["serve", "import", "export", "config", "info", "migrate-store", "reindex"];
  for (const command of commands) {
    const { code, stdout } = await run([command, "--help"]);
    equal(code, 0, command);
    match(stdout, new RegExp(`^Usage: gallimimus ${command}`), command);
  }
});

Deno.test("an address that is taken is said in one line, and the program ends with 1", async () => {
  await using relay = await startRelay({ database: "memory:" });
  const address = new URL(relay.url).host;
  const args = ["serve", "--config", "/dev/null", "--database", "memory:", "--listen", address];
  const { code, stderr } = await run(args);
  equal(code, 1);
  match(stderr, /EADDRINUSE|in use/i);
  ok(!/\n\s+at /.test(stderr), `no trace is shown: ${stderr}`);
});

Deno.test("the relay listens on a Unix socket, and removes it when it stops", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/relay.sock`;
  await using relay = await startRelay({
    database: "memory:",
    settings: [`network.listen=unix:${path}`],
  });
  match(relay.url, /relay\.sock/);
  ok((await Deno.stat(path)).isSocket);
  equal(await relay.stop(), 0);
  equal(await Deno.stat(path).then(() => true, () => false), false);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what is exported from one relay is imported into another as it was", async () => {
  const directory = await Deno.makeTempDir();
  const database = `pglite:${directory}/pglite`;
  const file = `${directory}/events.jsonl`;
  const events = generateEvents(new SeededRandom(3), 200, { signed: true });
  await Deno.writeTextFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const base = ["--config", "/dev/null", "--database", database];
  equal((await run(["import", file, ...base])).code, 0);
  const exported = await run(["export", ...base]);
  equal(exported.code, 0);
  const again = await run(["import", file, ...base]);
  match(again.stdout, /^stored 0, /);
  const ids = exported.stdout.trim().split("\n").map((line) => JSON.parse(line).id);
  equal(new Set(ids).size, ids.length);
  ok(ids.length > 100 && ids.every((id) => events.some((event) => event.id === id)));
  await Deno.remove(directory, { recursive: true });
});
