/**
 * The real program in several threads.
 *
 * @module
 */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { freePort } from "../kit/free_port.ts";
import { ListeningClient } from "../kit/listening_client.ts";
import { managementBy } from "../kit/management_client.ts";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { withTree } from "../kit/temporary_tree.ts";
import { freshDatabases } from "./databases.ts";

/** The system chooses a thread for each connection: one of two has none of these once in 2^23 runs. */
const CONNECTIONS = 24;

const POSTGRES = `${packagedPostgres.name}:`;

const admin = generateSecretKey();
const call = managementBy(admin);

function note(content: string, by = generateSecretKey()): NostrEvent {
  return finalizeEvent({ kind: 1, created_at: 1_700_000_000, tags: [], content }, by);
}

/** A policy that ends the thread which is asked about an event of this content. */
const FATAL = "end the thread";
const fatalPolicy = `export default {
  name: "fatal",
  event({ event }) {
    if (event.content === ${JSON.stringify(FATAL)}) Deno.exit(1);
    return undefined;
  },
};`;

interface Threads extends AsyncDisposable {
  readonly relay: RunningRelay;
  readonly clients: readonly RelayClient[];
  /** The number of connections of each thread. */
  connections(): Promise<readonly number[]>;
}

async function startThreads(
  database: string,
  { settings = [], ...options }: { settings?: readonly string[]; config?: string } = {},
): Promise<Threads> {
  await using stack = new AsyncDisposableStack();
  const port = freePort();
  const relay = stack.use(
    await startRelay({
      database,
      settings: [
        "network.workers=2",
        `metrics.listen=127.0.0.1:${port}`,
        `access.admins=${getPublicKey(admin)}`,
        ...settings,
      ],
      ...options,
    }),
  );
  const opening = Array.from({ length: CONNECTIONS }, () => RelayClient.connect(relay.url));
  const clients = (await Promise.all(opening)).map((client) => stack.use(client));
  const moved = stack.move();
  return {
    relay,
    clients,
    async connections() {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return [...text.matchAll(/^gallimimus_worker_connections\{.*\} (\d+)$/gm)]
        .map(([, count]) => Number(count));
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

for (const name of ["memory:", "pglite:", "managed:", POSTGRES]) {
  Deno.test(`two threads are one relay on ${name}`, async () => {
    await using database = await freshDatabases[name]!();
    await using threads = await startThreads(database.url);
    const { relay, clients } = threads;
    const counts = await threads.connections();
    equal(counts.length, 2);
    ok(Math.min(...counts) > 0, `each thread has connections: ${counts}`);
    equal(counts[0]! + counts[1]!, CONNECTIONS);

    await using listeners = new AsyncDisposableStack();
    const heard = (await Promise.all(clients.map(() => ListeningClient.open(relay.url, {}))))
      .map((listener) => listeners.use(listener));
    const spammer = generateSecretKey();
    const notes = clients.map((_, at) => note(`note ${at}`, spammer));
    for (const [at, event] of notes.entries()) {
      equal((await clients[at]!.publish(event))?.accepted, true);
      const other = clients[(at + 1) % clients.length]!;
      deepEqual(await other.query([{ ids: new Set([event.id]), tags: new Map() }]), [event.id]);
    }
    for (const listener of heard) {
      await listener.reached(notes.length);
      deepEqual([...listener.counts.values()], notes.map(() => 1), "each gets each event once");
    }
    // Too large for a notification of the database.
    const ephemeral = {
      kind: 20_001,
      created_at: 1_700_000_000,
      tags: [],
      content: "x".repeat(9_000),
    };
    const large = finalizeEvent(ephemeral, spammer);
    equal((await clients[0]!.publish(large))?.accepted, true);
    for (const listener of heard) {
      await listener.reached(notes.length + 1);
      equal(listener.counts.get(large.id), 1);
    }

    equal(await call(relay.url, "banpubkey", getPublicKey(spammer), "spam"), true);
    for (const [at, client] of clients.entries()) {
      for (let tries = 0; tries < 100; tries++) {
        const answer = await client.publish(note(`more ${at} ${tries}`, spammer));
        if (answer?.accepted === false || tries === 99) {
          equal(answer?.reason, "blocked: this key is banned");
          break;
        }
      }
      deepEqual(
        await client.query([{ authors: new Set([getPublicKey(spammer)]), tags: new Map() }]),
        [],
      );
    }
    equal(await relay.stop(), 0);
  });
}

for (const name of ["memory:", "pglite:", POSTGRES]) {
  Deno.test(`a thread that ends on ${name} is replaced: the others go on, and nothing acknowledged is lost`, async () => {
    await using database = await freshDatabases[name]!();
    await withTree({ "fatal.ts": fatalPolicy }, async (root) => {
      await using threads = await startThreads(database.url, {
        settings: [
          `plugins.modules=${root}/fatal.ts`,
          ...["network.unlimited_clients=", `network.max_client_connections=${CONNECTIONS}`],
        ],
      });
      const { relay, clients } = threads;
      const before = await threads.connections();
      await rejects(
        RelayClient.connect(relay.url),
        /cannot connect/,
        "a client's limit holds for all",
      );
      const kept = note("kept");
      equal((await clients[0]!.publish(kept))?.accepted, true);

      const [first, ...others] = clients;
      const notes = others.map((_, at) => note(`meanwhile ${at}`));
      const answers = Promise.all(notes.map((event, at) => others[at]!.publish(event)));
      equal(await first!.publish(note(FATAL)), undefined);
      const accepted = (await answers).map((answer) => answer?.accepted);
      const ids = [kept, ...notes.filter((_, at) => accepted[at])].map(({ id }) => id);
      const { worker, reason } = JSON.parse(await relay.logged("worker ended"));
      equal(reason, "it ended by itself");
      await relay.logged("worker replaced");
      const after = await threads.connections();
      equal(after[worker - 1], 0);
      equal(after[2 - worker], before[2 - worker], "the other thread keeps its connections");

      let hasNew = false;
      for (let tries = 0; !hasNew && tries < 50; tries++) {
        await using _ = await RelayClient.connect(relay.url);
        hasNew = (await threads.connections())[worker - 1]! > 0;
      }
      ok(hasNew, "the new thread accepts connections");

      const lost = CONNECTIONS - after[2 - worker]!;
      const again = await Promise.all(
        Array.from({ length: lost }, () => RelayClient.connect(relay.url)),
      );
      await rejects(RelayClient.connect(relay.url), /cannot connect/, "those lost are not counted");
      for (const client of again) {
        const found = await client.query([{ ids: new Set(ids), tags: new Map() }]);
        deepEqual(found.toSorted(), ids.toSorted());
        await client.close();
      }
      equal(await relay.stop(), 0);
    });
  });
}

Deno.test("changed settings hold in all threads", async () => {
  await using database = await freshDatabases[POSTGRES]!();
  await withTree({ "relay.toml": "" }, async (root) => {
    const config = `${root}/relay.toml`;
    await using threads = await startThreads(database.url, { config });
    const { relay, clients } = threads;
    await Deno.writeTextFile(config, "[limits]\nmax_subscriptions = 1\n");
    Deno.kill(relay.pid, "SIGHUP");
    await relay.logged("settings changed");
    const all = [{ tags: new Map() }];
    for (const client of clients) {
      // The log tells of it when the threads are told.
      await rejects(async () => {
        for (let at = 0; at < 40; at++) await client.query(all);
      }, /CLOSED.*subscriptions/);
    }
    equal(await relay.stop(), 0);
  });
});

Deno.test("a key has its rate once, however many threads it is connected to", async () => {
  await using database = await freshDatabases[POSTGRES]!();
  const settings = ["limits.key_event_burst=8", "limits.key_event_rate=1"];
  await using threads = await startThreads(database.url, { settings });
  const { relay, clients } = threads;
  const author = generateSecretKey();
  const sinceMs = performance.now();
  const answers = await Promise.all(
    clients.map((client, at) => client.publish(note(`note ${at}`, author))),
  );
  const refilled = Math.ceil((performance.now() - sinceMs) / 1_000);
  const accepted = answers.filter((answer) => answer?.accepted).length;
  ok(accepted >= 8 && accepted <= 8 + refilled, `${accepted} of ${answers.length} are accepted`);
  equal(await relay.stop(), 0);
});

const refused: readonly [string, readonly string[], RegExp][] = [
  ["a Unix socket", ["--database", "managed:/nowhere/db", "--listen", "unix:/tmp/x"], /TCP/],
];

for (const [what, flags, sentence] of refused) {
  Deno.test(`several threads on ${what} are refused at the start`, async () => {
    const args = ["serve", "--config", "/dev/null", "--set", "network.workers=2", ...flags];
    await using program = new Program("mod.ts", args);
    const { code, stderr } = await program.end();
    equal(code, 2);
    match(stderr, sentence);
  });
}

Deno.test("a port that another relay of several threads has is refused", async () => {
  await using database = await freshDatabases[POSTGRES]!();
  await using relay = await startRelay({ database: database.url, settings: ["network.workers=2"] });
  const address = new URL(relay.url).host;
  const args = ["serve", "--config", "/dev/null", "--set", "network.workers=2"];
  await using program = new Program("mod.ts", [
    ...args,
    ...["--database", database.url, "--listen", address],
  ]);
  const { code, stderr } = await program.end();
  equal(code, 1);
  match(stderr, /EADDRINUSE|in use/);
  equal(await relay.stop(), 0);
});
