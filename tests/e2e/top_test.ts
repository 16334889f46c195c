/**
 * `top` beside the real program: who does what, in all threads, and the terminal as it was before.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { WebSocket as WsClient } from "ws";
import type { Activity } from "../../src/app/activity/activity.ts";
import { Program } from "../kit/program.ts";
import { hasPseudoTerminals, PseudoTerminal } from "../kit/pseudo_terminal.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { freshDatabases } from "./databases.ts";

/** The system chooses a thread for each connection: one of two has none of these once in 2^23 runs. */
const CONNECTIONS = 24;

const MOD = new URL("../../mod.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A user agent that would clear a terminal which takes 8-bit controls. */
const EVIL_AGENT = "bot\x9b2J";

/** What takes and gives back the screen, and what a screen of eight lines and 40 columns is drawn by. */
const [ENTER, LEAVE] = ["\\x1b\\[\\?1049h\\x1b\\[\\?25l", "\\x1b\\[\\?25h\\x1b\\[\\?1049l"];
const SHOWN = new RegExp(`${ENTER}[^]*connections 1 of[^]*127\\.0\\.0\\.1`);
const ENDED = new RegExp(`${LEAVE}[^]*ended with 0[^]*extproc`);
// deno-lint-ignore no-control-regex -- escape sequences are what is looked for
const SMALL = /\x1b\[H(?:[ -~]{0,40}\x1b\[K\r+\n){7}[ -~]{0,40}\x1b\[K\x1b\[J/;

/** Opens a connection that authenticates a key, and gives that when it has done so. */
async function authenticated(url: string): Promise<{ readonly socket: WsClient; key: string }> {
  const secret = generateSecretKey();
  const socket = new WsClient(url, { headers: { "User-Agent": EVIL_AGENT } });
  const heard = new Promise<void>((resolve) => {
    socket.on("message", (data: unknown) => {
      const [verb, challenge] = JSON.parse(String(data));
      if (verb === "OK") return resolve();
      const tags = [["relay", url], ["challenge", challenge]];
      const created_at = Math.floor(Date.now() / 1_000);
      const proof = finalizeEvent({ kind: 22_242, created_at, tags, content: "" }, secret);
      if (verb === "AUTH") socket.send(JSON.stringify(["AUTH", proof]));
    });
  });
  await once(socket, "open");
  await heard;
  return { socket, key: getPublicKey(secret) };
}

/** What `top --json` says while somebody publishes what is refused. */
async function topUnderFlood(
  relay: RunningRelay,
  flags: readonly string[],
): Promise<{ readonly activity: Activity; readonly key: string }> {
  await using stack = new AsyncDisposableStack();
  const opening = Array.from({ length: CONNECTIONS }, () => RelayClient.connect(relay.url));
  const clients = (await Promise.all(opening)).map((client) => stack.use(client));
  const { socket, key } = await authenticated(relay.url);
  const note = finalizeEvent(
    { kind: 1, created_at: 1_700_000_000, tags: [], content: "" },
    generateSecretKey(),
  );
  let isOver = false;
  const flood = Promise.all(clients.map(async (client) => {
    for (let at = 0; !isOver; at++) {
      await client.publish({ ...note, content: `${at}` });
      await client.query([{ ids: new Set([note.id]), tags: new Map() }]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }));
  await using program = new Program("mod.ts", ["top", "--config", "/dev/null", "--json", ...flags]);
  const { code, stdout, stderr } = await program.end();
  isOver = true;
  await flood;
  socket.close();
  await once(socket, "close");
  equal(code, 0, stderr);
  return { activity: JSON.parse(stdout), key };
}

const ways: readonly [string, readonly string[]][] = [
  ["memory:", []],
  ["managed:", ["network.workers=2"]],
];

for (const [name, settings] of ways) {
  Deno.test(`top says who floods a relay on ${name} ${settings}`, async () => {
    await using database = await freshDatabases[name]!();
    const data = await Deno.makeTempDir({ prefix: "gallimimus-" });
    await using relay = await startRelay({
      database: database.url,
      settings: [`database.data=${data}`, ...settings],
    });
    const { activity, key } = await topUnderFlood(relay, [
      ...["--database", database.url, "--data", data],
    ]);
    const { workers, clients: [worst], keys, rates, reasons } = activity;
    equal(workers.length, Math.max(1, 2 * settings.length));
    ok(workers.every(({ connections }) => connections > 0), JSON.stringify(workers));
    equal(activity.connections, CONNECTIONS + 1);
    deepEqual([worst?.client, worst?.address], ["127.0.0.1", "127.0.0.1"]);
    equal(worst?.connections, CONNECTIONS + 1, "of all threads");
    ok(worst.events > CONNECTIONS && worst.requests > CONNECTIONS, JSON.stringify(worst));
    ok(worst.refusals > CONNECTIONS && worst.reasons["invalid"]! > CONNECTIONS);
    ok(rates.events > CONNECTIONS && reasons["invalid"]! > CONNECTIONS);
    ok(worst.receivedBytes > 1_000 && worst.sentBytes > 1_000);
    deepEqual(worst.keys, [key]);
    deepEqual(keys.map((row) => [row.client, row.connections, row.agent]), [[key, 1, "bot?2J"]]);
    equal(await relay.stop(), 0);
    await Deno.remove(data, { recursive: true });
  });
}

Deno.test({
  name: "a key, Ctrl-C and a signal leave the terminal as it was, and it may be resized",
  ignore: !hasPseudoTerminals,
  fn: async () => {
    const data = await Deno.makeTempDir({ prefix: "gallimimus-" });
    await using relay = await startRelay({
      database: "memory:",
      settings: [`database.data=${data}`],
    });
    const { socket } = await authenticated(relay.url);
    const run = [Deno.execPath(), "run", "-A", "--quiet", "--config", CONFIG, MOD].join(" ");
    const command = `${run} top --config /dev/null --database memory: --data ${data}`;
    await using terminal = new PseudoTerminal(`
      tty
      for way in 1 2 3; do
        stty cols 90 rows 20
        sh -c 'echo "pid $$"; exec ${command}'
        echo "ended with $?"
        stty -a
      done`);
    const [, device] = await terminal.shows(/(\/dev\/pts\/\d+)\r/);
    const ways = [
      () => terminal.type("q"),
      () => terminal.type("\x03"),
      (pid: number) => Promise.resolve(Deno.kill(pid, "SIGTERM")),
    ];
    // Where the next round begins: it may have been read together with the end of the one before.
    let from = 0;
    for (const [at, end] of ways.entries()) {
      const [, pid] = await terminal.shows(/pid (\d+)\r/, from);
      await terminal.shows(SHOWN, from);
      if (at === 0) {
        await terminal.type("c");
        await terminal.shows(/\*CONN/, from);
        const resized = terminal.shown.length;
        const stty = new Deno.Command("stty", { args: ["-F", device!, "cols", "40", "rows", "8"] });
        equal((await stty.output()).code, 0);
        await terminal.shows(SMALL, resized);
      }
      await end(Number(pid));
      const ended = await terminal.shows(ENDED, from);
      const flags = ended[0];
      from += ended.index + flags.length;
      match(flags, /\sicanon\s/);
      match(flags, /\sisig\s/);
      match(flags, /\secho\s/);
    }
    equal(await terminal.end(), 0);
    ok(!terminal.shown.includes("\x9b"), "no control character of a client's");
    socket.close();
    await once(socket, "close");
    equal(await relay.stop(), 0);
    await Deno.remove(data, { recursive: true });
  },
});
