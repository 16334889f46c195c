/**
 * Management of the real program, over HTTP, on one instance and on two.
 *
 * @see NIP-86
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { median } from "../../bench/load/comparison.ts";
import { managementBy } from "../kit/management_client.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { onEachDatabase } from "./databases.ts";

const secret = generateSecretKey();
const settings = [`access.admins=${getPublicKey(secret)}`];

const call = managementBy(secret);

function note(by: Uint8Array, content: string, created_at = 1_700_000_000) {
  return finalizeEvent({ kind: 1, created_at, tags: [], content }, by);
}

onEachDatabase((name, fresh) => {
  // Rules are kept by the SQL of the others, which the contract holds.
  if (name === "pglite:") return;
  Deno.test(`NIP86-06 NIP86-12 a ban holds at once and after a restart on ${name}`, async () => {
    await using database = await fresh();
    const spammer = generateSecretKey();
    const key = getPublicKey(spammer);
    {
      await using program = await startRelay({ database: database.url, settings });
      await using client = await RelayClient.connect(program.url);
      equal((await client.publish(note(spammer, "spam")))?.accepted, true);
      equal(await call(program.url, "banpubkey", key, "spam"), true);
      equal((await client.publish(note(spammer, "more")))?.reason, "blocked: this key is banned");
      deepEqual(await client.query([{ tags: new Map() }]), []);
      equal(await call(program.url, "changerelayname", "Renamed"), true);
      const headers = { accept: "application/nostr+json" };
      const document = await fetch(program.url.replace(/^ws/, "http"), { headers });
      equal((await document.json()).name, "Renamed");
      await client.close();
      equal(await program.stop(), 0);
    }
    if (name === "memory:") return;
    await using program = await startRelay({ database: database.url, settings });
    await using client = await RelayClient.connect(program.url);
    deepEqual(await client.query([{ tags: new Map() }]), []);
    deepEqual(await call(program.url, "listbannedpubkeys"), [{ pubkey: key, reason: "spam" }]);
    await call(program.url, "unbanpubkey", key);
    equal((await client.query([{ tags: new Map() }])).length, 1);
    equal(await call(program.url, "blockip", "127.0.0.1"), true);
    await client.closed;
    equal(await program.stop(), 0);
  });

  if (!name.startsWith("postgres")) return;
  Deno.test(`a ban from the command line holds in a relay that runs on ${name}`, async () => {
    await using database = await fresh();
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    const spammer = generateSecretKey();
    const key = getPublicKey(spammer);
    equal((await client.publish(note(spammer, "spam")))?.accepted, true);
    const flags = ["--config", "/dev/null", "--database", database.url];
    await using ban = new Program("mod.ts", ["ban", key, "--key", "--reason", "spam", ...flags]);
    const { code, stdout, stderr } = await ban.end();
    deepEqual([code, stdout, stderr], [0, `done: ban ${key}\n`, ""]);
    // The relay is notified, and may be a moment behind.
    for (let at = 0;; at++) {
      const answer = await client.publish(note(spammer, `more ${at}`));
      if (answer?.accepted === false || at === 100) {
        equal(answer?.reason, "blocked: this key is banned");
        break;
      }
    }
    deepEqual(await client.query([{ tags: new Map() }]), []);
    await client.close();
    equal(await relay.stop(), 0);
  });

  Deno.test(`rules of one instance hold on the other, in whatever order they come, on ${name}`, async () => {
    await using database = await fresh();
    await using one = await startRelay({ database: database.url, settings });
    await using two = await startRelay({ database: database.url, settings });
    await using client = await RelayClient.connect(two.url);
    const spammer = generateSecretKey();
    const waits: number[] = [];
    const rounds: number[] = [];
    for (let round = 0; round < 10; round++) {
      const method = round % 2 === 0 ? "banpubkey" : "unbanpubkey";
      await call(one.url, method, getPublicKey(spammer));
      const sinceMs = performance.now();
      for (;;) {
        const askedMs = performance.now();
        const answer = await client.publish(note(spammer, `${Math.random()}`));
        rounds.push(performance.now() - askedMs);
        if (answer!.accepted === (round % 2 === 1)) break;
      }
      waits.push(performance.now() - sinceMs);
    }
    // On a busy machine an answer alone takes long.
    const mostMs = Math.max(100, 5 * median(rounds));
    ok(median(waits) < mostMs, `a rule holds on the other instance after ${waits} ms`);

    const keys = Array.from({ length: 5 }, (_, at) => `${at}`.repeat(64));
    const changes = Array.from({ length: 60 }, (_, at) => ({
      relay: at % 2 === 0 ? one.url : two.url,
      method: ["banpubkey", "unbanpubkey", "allowpubkey", "unallowpubkey"][at * 7 % 4]!,
      key: keys[at * 3 % 5]!,
    }));
    await Promise.all(changes.map(({ relay, method, key }) => call(relay, method, key, "x")));
    const lists = (url: string) =>
      Promise.all([call(url, "listbannedpubkeys"), call(url, "listallowedpubkeys")]);
    // What was told last may be on its way.
    for (let tries = 0; tries < 100; tries++) {
      const [a, b] = await Promise.all([lists(one.url), lists(two.url)]);
      if (JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    deepEqual(sorted(await lists(one.url)), sorted(await lists(two.url)));
    await client.close();
    deepEqual([await one.stop(), await two.stop()], [0, 0]);
  });
});

function sorted(lists: readonly unknown[]): unknown {
  return lists.map((list) => (list as { pubkey: string }[]).map(({ pubkey }) => pubkey).toSorted());
}
