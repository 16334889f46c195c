/**
 * What an operator does in the first month, step by step with the real programs: install, configure, put a
 * proxy before it, import, be flooded, find who it is, ban, delete, back up, crash, restore elsewhere,
 * upgrade, reload, and run two instances.
 *
 * `EVENTS` in the environment changes how many events are imported.
 *
 * @module
 */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { npubEncode } from "nostr-tools/nip19";
import WebSocket from "ws";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { freePort } from "../kit/free_port.ts";
import { systemPostgres } from "../kit/postgres_binaries.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const imported = Number(Deno.env.get("EVENTS") ?? 100_000);
const ALL = { tags: new Map() };
const nowS = Math.floor(Date.now() / 1_000);
const ABUSER = "203.0.113.66";

/** Commands that no configuration concerns. */
const WITHOUT_CONFIG = new Set(["--version", "keygen", "config import-from", "config schema"]);

/** Prints each step with its number, and what it took. */
class Steps {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  async do<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const result = await work();
    console.log(`  ${++this.#count}. ${name} (${Math.round(performance.now() - startMs)} ms)`);
    return result;
  }
}

/** The files and databases of one operator. */
class Operator implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "gallimimus-" });
  readonly config = `${this.directory}/config.toml`;

  constructor() {
    // Postgres may run as somebody else, who has to get there.
    Deno.chmodSync(this.directory, 0o755);
  }

  get database(): string {
    return `managed:${this.directory}/postgres`;
  }

  /** Runs a command with the operator's configuration, and expects it to end well. */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(...args);
    equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  async try(...args: readonly string[]) {
    const flags = WITHOUT_CONFIG.has(args.slice(0, args[0] === "config" ? 2 : 1).join(" "))
      ? []
      : ["--config", this.config];
    await using program = new Program("mod.ts", [...args, ...flags]);
    return await program.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

function notes(count: number): readonly NostrEvent[] {
  const random = new SeededRandom(1);
  const signers = Array.from({ length: 50 }, () => new SchnorrSigner(random));
  return Array.from({ length: count }, (_, at) =>
    signers[at % signers.length]!.sign({
      kind: 1,
      created_at: nowS - 2 * count + at,
      tags: [],
      content: `note ${at}`,
    }));
}

function note(key: Uint8Array, content: string): NostrEvent {
  return finalizeEvent({ kind: 1, created_at: nowS, tags: [], content }, key);
}

async function connect(url: string, address: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers: { "x-forwarded-for": address } });
  socket.on("error", () => {});
  await new Promise((resolve) => {
    socket.once("open", resolve);
    socket.once("close", resolve);
  });
  return socket;
}

/** Whether a client of this address is let in. */
async function isLetIn(url: string, address: string): Promise<boolean> {
  const socket = await connect(url, address);
  const isOpen = socket.readyState === WebSocket.OPEN;
  socket.terminate();
  return isOpen;
}

Deno.test("forty steps of an operator's first month", async () => {
  await using operator = new Operator();
  await using stack = new AsyncDisposableStack();
  const steps = new Steps();
  const step = steps.do.bind(steps) as Steps["do"];
  const file = (name: string) => `${operator.directory}/${name}`;
  const setConfig = (...lines: readonly string[]) =>
    Deno.writeTextFile(
      operator.config,
      [
        "[database]",
        `url = "${operator.database}"`,
        `data = "${operator.directory}"`,
        ...lines,
        "",
      ].join("\n"),
    );

  // Install and configure.
  await step(
    "the program says what it is",
    async () => match(await operator.run("--version"), /^\d/),
  );
  const self = await step("a key for the relay is made", async () => {
    const key = JSON.parse(await operator.run("keygen", "--json", "--file", file("relay.key")));
    equal(Deno.statSync(file("relay.key")).mode! & 0o777, 0o600);
    return key;
  });
  await step("a key is never overwritten", async () => {
    notEqual((await operator.try("keygen", "--file", file("relay.key"))).code, 0);
  });
  await step("the settings of strfry are translated", async () => {
    const conf = 'relay {\n  maxFilterLimit = 400\n  info { name = "from strfry" }\n}\n';
    await Deno.writeTextFile(file("strfry.conf"), conf);
    const toml = await operator.run("config", "import-from", "strfry", file("strfry.conf"));
    match(toml, /max_limit = 400/);
    match(toml, /name = "from strfry"/);
  });
  const listen = `127.0.0.1:${freePort()}`;
  const metrics = `127.0.0.1:${freePort()}`;
  const usual = [
    ...["[relay]", 'name = "The first month"', `key_file = "${file("relay.key")}"`],
    ...[`url = "ws://${listen}"`],
    ...["[network]", `listen = ["${listen}"]`, 'trusted_proxies = ["127.0.0.0/8"]'],
    ...["[metrics]", `listen = "${metrics}"`],
  ];
  await step("config check finds a mistake and says where", async () => {
    await setConfig(...usual, "[limits]", "max_limit = -1");
    const { code, stderr } = await operator.try("config", "check");
    notEqual(code, 0);
    match(stderr, /max_limit/);
  });
  await step("config check finds nothing wrong", async () => {
    await setConfig(...usual);
    await operator.run("config", "check");
  });
  await step("config print says where a value comes from", async () => {
    match(await operator.run("config", "print"), /The first month/);
  });
  await step("config schema is JSON", async () => {
    ok(JSON.parse(await operator.run("config", "schema")).properties);
  });

  // Start.
  const serve = (port = listen) =>
    startRelay({ database: operator.database, config: operator.config, listen: port });
  let relay = await step("serve starts on an empty directory", () => serve());
  stack.defer(() => relay.kill());
  await step("clients are told who the relay is", async () => {
    const headers = { accept: "application/nostr+json" };
    const document = await (await fetch(`http://${listen}`, { headers })).json();
    deepEqual([document.name, document.self], ["The first month", self.pubkey]);
  });
  await step("it is ready", async () => {
    const response = await fetch(`http://${listen}/ready`);
    equal(response.status, 200, await response.text());
  });
  const metric = async (name: string) => {
    const text = await (await fetch(`http://${metrics}/metrics`)).text();
    const line = text.split("\n").find((line) => line.startsWith(`${name} `));
    return Number(line?.slice(name.length));
  };
  await step("it can be watched", async () => equal(await metric("gallimimus_connections"), 0));
  let client = await RelayClient.connect(relay.url);
  const friend = generateSecretKey();
  await step("a client publishes and finds its note", async () => {
    const first = note(friend, "first");
    equal((await client.publish(first))?.accepted, true);
    deepEqual(await client.query([{ ids: new Set([first.id]), ...ALL }]), [first.id]);
  });
  await step("clients behind the proxy have their own addresses", async () => {
    ok(await isLetIn(relay.url, "198.51.100.1"));
    match(await relay.logged("198.51.100.1"), /connection ended/);
  });

  // Fill.
  const events = notes(imported);
  await Deno.writeTextFile(
    file("events.jsonl"),
    events.map((event) => `${eventJson(event)}\n`).join(""),
  );
  await step(`${imported} events are imported beside the relay`, async () => {
    const counts = JSON.parse(await operator.run("import", "--json", file("events.jsonl")));
    equal(counts.stored, imported);
  });
  await step("importing them again changes nothing", async () => {
    const counts = JSON.parse(await operator.run("import", "--json", file("events.jsonl")));
    deepEqual([counts.stored, counts.duplicate], [0, imported]);
  });
  const count = async (filter: string) =>
    JSON.parse(await operator.run("count", "--json", filter)).count as number;
  await step("count counts them", async () => equal(await count('{"kinds":[1]}'), imported + 1));
  await step("query finds one author's", async () => {
    const filter = JSON.stringify({ authors: [events[0]!.pubkey], limit: 7 });
    equal((await operator.run("query", filter)).trimEnd().split("\n").length, 7);
  });
  await step("stats names the authors", async () => {
    const { events: all, topAuthors } = JSON.parse(await operator.run("stats", "--json"));
    deepEqual([all, topAuthors.length], [imported + 1, 10]);
  });

  // A flood.
  const spammer = generateSecretKey();
  const npub = npubEncode(getPublicKey(spammer));
  const spam = Array.from({ length: 400 }, (_, at) => note(spammer, `buy ${at}`));
  const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(relay.url, ABUSER)));
  let isFlooding = true;
  const flood = Promise.all(sockets.map(async (socket: WebSocket, first: number) => {
    for (let at = first; isFlooding; at = (at + 1) % spam.length) {
      const forged = { ...spam[at]!, content: "forged" };
      socket.send(`["EVENT",${JSON.stringify(at % 2 ? spam[at] : forged)}]`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }));
  await step("an honest client is served during a flood", async () => {
    for (let at = 0; at < 20; at++) {
      equal((await client.publish(note(friend, `meanwhile ${at}`)))?.accepted, true);
    }
  });
  await step("top says who it is", async () => {
    const { clients } = JSON.parse(await operator.run("top", "--json"));
    equal(clients[0].address, ABUSER);
  });
  await step("the address is banned", () => operator.run("ban", ABUSER, "--reason", "flood"));
  isFlooding = false;
  await flood;
  await step("it is thrown out, and not let in again", async () => {
    while (await isLetIn(relay.url, ABUSER)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const socket of sockets) socket.terminate();
  });
  await step("others are", async () => ok(await isLetIn(relay.url, "198.51.100.1")));
  await step("the key is banned, and refused at once", async () => {
    await operator.run("ban", npub);
    let answer = await client.publish(note(spammer, "again"));
    while (answer?.accepted) answer = await client.publish(note(spammer, `${Math.random()}`));
    match(answer!.reason, /^blocked:/);
  });
  await step("delete says first what would go", async () => {
    const stdout = await operator.run("delete", `{"authors":["${npub}"]}`);
    match(stdout, /would be deleted/);
  });
  await step("what the spammer wrote is deleted", async () => {
    await operator.run("delete", `{"authors":["${npub}"]}`, "--yes");
    equal(await count(`{"authors":["${npub}"]}`), 0);
  });
  const bad = note(generateSecretKey(), "unkind");
  await step("a user reports a note", async () => {
    equal((await client.publish(bad))?.accepted, true);
    const tags = [["p", bad.pubkey], ["e", bad.id, "profanity"]];
    const report = finalizeEvent({ kind: 1984, created_at: nowS, tags, content: "" }, friend);
    equal((await client.publish(report))?.accepted, true);
  });
  await step(
    "the report is listed",
    async () => match(await operator.run("reports"), new RegExp(bad.id)),
  );
  await step("the note is banned, and found no more", async () => {
    await operator.run("ban", bad.id, "--event");
    while ((await client.query([{ ids: new Set([bad.id]), ...ALL }])).length > 0);
  });
  await step(
    "audit says who did what",
    async () => match(await operator.run("audit"), new RegExp(ABUSER)),
  );

  // Back up, crash, restore.
  const before = await count("{}");
  let written = 0;
  let isWriting = true;
  const writing = (async () => {
    for (; isWriting; written++) {
      equal((await client.publish(note(friend, `during ${written}`)))?.accepted, true);
    }
  })();
  await step("a backup is made while clients write", async () => {
    await operator.run("backup", file("backup"));
    isWriting = false;
    await writing;
  });
  const acknowledged = await count("{}");
  equal(acknowledged, before + written);
  await step("the relay is killed", async () => {
    await relay.kill();
    await client.closed;
  });
  relay = await step("it starts again, and has all that it had acknowledged", async () => {
    const again = await serve();
    equal(await count("{}"), acknowledged);
    return again;
  });
  const elsewhere = stack.use(
    await freshDatabases["fault" in systemPostgres ? "pglite:" : `${systemPostgres.name}:`]!(),
  );
  await step(
    "the backup is restored on another server, and checked",
    () => operator.run("restore", file("backup"), "--database", elsewhere.url),
  );
  await step("nothing that was there before the backup is missing, and the bans hold", async () => {
    const flags = ["--database", elsewhere.url];
    ok(JSON.parse(await operator.run("count", "--json", "{}", ...flags)).count >= before);
    match(await operator.run("list", ...flags), new RegExp(ABUSER));
  });
  await step("the private server needs no upgrade, and says so when asked", async () => {
    await relay.stop();
    match(await operator.run("upgrade"), /there is nothing to do/);
    relay = await serve();
  });

  // Change settings, and grow.
  client = await RelayClient.connect(relay.url);
  const ids = async () => (await client.query([{ kinds: new Set([1]), ...ALL }])).length;
  await step("a changed setting holds for who is connected", async () => {
    await setConfig(...usual, "[limits]", "max_limit = 5", "default_limit = 5");
    Deno.kill(relay.pid, "SIGHUP");
    while (await ids() > 5) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await step("a broken file changes nothing and says so", async () => {
    await Deno.writeTextFile(operator.config, "[limits\n");
    Deno.kill(relay.pid, "SIGHUP");
    await relay.logged("config.toml");
    equal(await ids(), 5);
    await setConfig(...usual);
  });
  await client.close();
  const [one, other] = await step("two instances run on the other server", async () => {
    const start = () =>
      startRelay({ database: elsewhere.url, settings: [`database.data=${file("two")}`] });
    return [stack.use(await start()), stack.use(await start())];
  });
  await step("what one takes, clients of the other hear", async () => {
    await using sender = await RelayClient.connect(one.url);
    await using listener = await RelayClient.connect(other.url);
    const heard = new Promise((resolve) => listener.follow(resolve));
    await listener.query([{ limit: 1, ...ALL }]);
    const last = note(friend, "to both");
    equal((await sender.publish(last))?.accepted, true);
    equal(await heard, last.id);
  });
  await step("all stop in order", async () => {
    deepEqual([await relay.stop(), await one.stop(), await other.stop()], [0, 0, 0]);
  });
  ok(steps.count >= 40, `${steps.count} steps`);
});
