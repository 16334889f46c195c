import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { RelayHost } from "../../src/app/relay_host.ts";
import { type Log, type LogFields, silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { Origin, Policy } from "../../src/relay/access/policy.ts";
import { publicKeyOf } from "../../src/signatures/signature_noble.ts";
import { hostSettings, startHost, until } from "../kit/mirrored_relays.ts";
import { OtherRelay } from "../kit/other_relay.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const author = new SchnorrSigner(new SeededRandom(41));

function note(at: number, changes: Partial<NostrEvent> = {}): NostrEvent {
  const draft = { created_at: 1_700_000_000 + at, kind: 1, tags: [], content: `note ${at}` };
  return author.sign({ ...draft, ...changes });
}

const idsOf = (events: Iterable<NostrEvent>) => new Set([...events].map(({ id }) => id));

async function storedIn(host: RelayHost): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const rows of host.query([{ tags: new Map() }])) {
    for (const { id } of rows) ids.add(id);
  }
  return ids;
}

function isEqual(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.symmetricDifference(other).size === 0;
}

/** Settings for one mirror. */
function mirror(values: Readonly<Record<string, string | number | boolean>>) {
  return { "mirrors.relay": JSON.stringify([values]) };
}

/** Keeps the lines about mirrors. */
function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string, fields: LogFields = {}) => {
    if (message.startsWith("mirror")) lines.push(`${message}: ${fields["reason"] ?? ""}`);
  };
  return { log: { ...silentLog, info: keep, warn: keep }, lines };
}

Deno.test("a relay without reconciliation is read once, then followed, and told what is new", async () => {
  const there = Array.from({ length: 120 }, (_, at) =>
    note(Math.floor(at / 20), {
      content: `${at}`,
    }));
  await using other = new OtherRelay({ maxLimit: 50 }, there);
  const { log, lines } = keptLog();
  const host = await startHost(mirror({ url: other.url, direction: "both" }), log);
  const [state] = host.mirrors;
  try {
    ok(await until(async () => isEqual(await storedIn(host), idsOf(there))));
    const here = [note(900), note(901)];
    for (const event of here) await host.relay.publish(event);
    ok(await until(() => here.every(({ id }) => other.events.has(id))), "what is new goes there");
    other.publish(note(902));
    ok(await until(async () => (await storedIn(host)).has(note(902).id)), "and comes from there");
    equal(other.heard["EVENT"], 2);

    other.cut();
    ok(await until(() => !state!.counters.connected));
    const missed = note(Math.floor(Date.now() / 1_000) - 1_700_000_000);
    other.publish(missed);
    await host.relay.publish(note(903));
    ok(await until(() => other.events.has(note(903).id)), "what was missed goes there");
    equal(other.heard["EVENT"], 3, "and nothing else");
    ok(await until(async () => (await storedIn(host)).has(missed.id)), "and comes from there");
    ok(await until(() => state!.counters.sent === 3));
    deepEqual(lines.map((line) => line.split(":")[0]), [
      "mirror connected",
      "mirror is away",
      "mirror connected",
    ]);
    deepEqual([state!.counters.sent, state!.counters.stored], [3, 122]);
  } finally {
    await host.close();
  }
});

Deno.test("a relay that is not there is told once, and found when it is", async () => {
  const { log, lines } = keptLog();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const host = await startHost(mirror({ url: `ws://127.0.0.1:${port}/?token=secret` }), log);
  try {
    ok(await until(() => lines.length > 0));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    equal(lines.length, 1);
    match(lines[0]!, /^mirror is away: /);
    equal(host.mirrors[0]!.name, `ws://127.0.0.1:${port}/`);
  } finally {
    await host.close();
  }
});

Deno.test("what comes passes the same door: policies, id and signature, with its origin", async () => {
  const origins = new Set<Origin>();
  const sources = new Set<string | undefined>();
  const watch: Policy = {
    name: "watch",
    event({ origin, from }) {
      origins.add(origin);
      sources.add(from);
      return undefined;
    },
  };
  const good = note(1);
  const forged = { ...note(2), sig: note(3).sig };
  const other = new OtherRelay({}, [good, forged, note(4, { kind: 7 })]);
  const host = await startHost(
    { ...mirror({ url: other.url }), "access.banned_kinds": "7" },
    silentLog,
    [watch],
  );
  const { counters } = host.mirrors[0]!;
  try {
    ok(await until(() => counters.received === 3));
    // Live, too. An ephemeral event is not taken.
    other.publish(note(5, { kind: 7 }));
    other.publish(note(6, { kind: 20_001 }));
    other.publish(note(7));
    ok(await until(() => counters.stored === 2));
    deepEqual(await storedIn(host), idsOf([good, note(7)]));
    deepEqual(counters.refused, { invalid: 1, blocked: 2 });
    deepEqual([origins, sources], [new Set(["sync"]), new Set([other.url])]);
    equal(other.heard["EVENT"], undefined);
  } finally {
    await host.close();
    await other[Symbol.asyncDispose]();
  }
});

/** Publishes on a relay that mirrors upwards and gives what has arrived. */
async function sentUp(
  events: readonly NostrEvent[],
  values: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, boolean>> = {},
): Promise<{ readonly ids: ReadonlySet<string>; readonly lines: readonly string[] }> {
  await using other = new OtherRelay();
  const { log, lines } = keptLog();
  const url = other.url;
  const host = await startHost({ ...mirror({ url, direction: "up", ...changes }), ...values }, log);
  try {
    // Half of them are there before, half come live.
    const half = Math.ceil(events.length / 2);
    for (const event of events.slice(0, half)) await host.relay.publish(event);
    ok(await until(() => host.mirrors[0]!.followedUntilS !== undefined));
    for (const event of events.slice(half)) await host.relay.publish(event);
    const last = events.at(-1)!;
    if (values["access.readers"] === undefined) ok(await until(() => other.events.has(last.id)));
    else await new Promise((resolve) => setTimeout(resolve, 300));
    return { ids: new Set(other.events.keys()), lines };
  } finally {
    await host.close();
  }
}

Deno.test("upwards go events that everybody may see, and others where the settings say so", async () => {
  const tags = [["p", author.pubkey]];
  const secrets = [note(1, { kind: 4, tags }), note(2, { kind: 1_059, tags })];
  const own = [note(3, { tags: [["-"]] }), note(4, { tags: [["-"]] })];
  const open = [note(5), note(6)];
  const all = [secrets[0]!, own[0]!, open[0]!, secrets[1]!, own[1]!, open[1]!];
  deepEqual((await sentUp(all, {})).ids, idsOf(open));
  const told = await sentUp(all, {}, { private: true });
  deepEqual(told.ids, idsOf([...secrets, ...open]));
});

Deno.test("which kinds are private is asked for each time that relays are compared", async () => {
  await using other = new OtherRelay({ negentropy: "reconciles" });
  const values = mirror({ url: other.url, direction: "up" });
  const host = await startHost(values, silentLog);
  const nowS = Math.floor(Date.now() / 1_000) - 1_700_000_000;
  const [secret, open] = [note(nowS, { kind: 4, tags: [["p", author.pubkey]] }), note(nowS)];
  try {
    for (const event of [secret, open]) await host.relay.publish(event);
    ok(await until(() => other.events.has(open.id)));
    equal(other.events.has(secret.id), false);
    (await host.prepare(hostSettings({ ...values, "access.private_kinds": "" })))();
    other.cut();
    ok(await until(() => other.events.has(secret.id)), "it is private no longer");
  } finally {
    await host.close();
  }
});

Deno.test("of a relay that only members may read nothing goes up, and the log says so", async () => {
  const members = { "access.readers": "members" };
  const { ids, lines } = await sentUp([note(1), note(2)], members);
  equal(ids.size, 0);
  ok(
    lines.some((line) => /^mirror may see nothing of this relay: auth-required/.test(line)),
    lines.join(),
  );
  equal((await sentUp([note(1), note(2)], members, { private: true })).ids.size, 2);
});

Deno.test("NIP-42: a mirror authenticates with the key of its file, which has to be there", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "0c".repeat(32));
    await using other = new OtherRelay({ needsAuth: true }, [note(1)]);
    const values = { url: other.url, direction: "both", auth_key_file: file };
    const host = await startHost(mirror(values));
    try {
      await host.relay.publish(note(2));
      ok(await until(async () => other.events.size === 2 && (await storedIn(host)).size === 2));
      deepEqual(other.keys, new Set([publicKeyOf(Uint8Array.fromHex("0c".repeat(32)))]));
    } finally {
      await host.close();
    }
    await rejects(startHost(mirror({ ...values, auth_key_file: `${file}.not` })), {
      name: "UnusableSetting",
      message: /^mirrors\.relay: auth_key_file of table 1: .*\.not cannot be read/,
    });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a relay that refuses is counted, one that asks for patience gets everything later", async () => {
  await using strict = new OtherRelay({
    refuses: ({ kind }) => kind === 7 ? "blocked: no reactions" : undefined,
  });
  const refused = await startHost(mirror({ url: strict.url, direction: "up" }));
  try {
    for (const event of [note(1), note(2, { kind: 7 })]) await refused.relay.publish(event);
    const { counters } = refused.mirrors[0]!;
    ok(await until(() => counters.rejected["blocked"] === 1 && counters.sent === 1));
  } finally {
    await refused.close();
  }
  await using busy = new OtherRelay({ rateLimited: 1 }, [note(3)]);
  const patient = await startHost(mirror({ url: busy.url, direction: "both" }));
  try {
    for (const event of [note(4), note(5)]) await patient.relay.publish(event);
    ok(await until(async () => busy.events.size === 3 && (await storedIn(patient)).size === 3));
  } finally {
    await patient.close();
  }
});

Deno.test("what does not fit into the queue is found by another comparison", async () => {
  await using other = new OtherRelay();
  const host = await startHost({
    ...mirror({ url: other.url, direction: "up" }),
    "mirrors.max_waiting_events": "2",
    "mirrors.max_pending_events": "1",
  });
  try {
    ok(await until(() => host.mirrors[0]!.followedUntilS !== undefined));
    const events = Array.from({ length: 60 }, (_, at) => note(at));
    const client = await RelayClient.connect(await host.listen("127.0.0.1:0"));
    await client.publishAll(events);
    ok(await until(() => other.events.size === events.length));
    await client.close();
  } finally {
    await host.close();
  }
});

Deno.test("a relay that ends subscriptions is compared with again and again", async () => {
  await using other = new OtherRelay({ endsSubscriptions: true });
  const { log, lines } = keptLog();
  const host = await startHost(mirror({ url: other.url }), log);
  try {
    for (const at of [1, 2]) {
      const event = note(at + Math.floor(Date.now() / 1_000) - 1_700_000_000);
      other.publish(event);
      ok(await until(async () => (await storedIn(host)).has(event.id)));
    }
    deepEqual(lines, [
      "mirror connected: ",
      "mirror cannot be compared with: error: no live events here",
    ]);
  } finally {
    await host.close();
  }
});

Deno.test("when the tables change, the same ones go on, and the others end or begin", async () => {
  await using kept = new OtherRelay({}, [note(1)]);
  await using removed = new OtherRelay({}, [note(2)]);
  await using added = new OtherRelay({}, [note(3)]);
  const tables = (...others: readonly OtherRelay[]) => ({
    "mirrors.relay": JSON.stringify(others.map(({ url }) => ({ url }))),
  });
  const host = await startHost(tables(removed, kept));
  try {
    ok(await until(() => host.mirrors.every((each) => each.followedUntilS !== undefined)));
    const [, before] = host.mirrors;
    const heard = { ...kept.heard };
    (await host.prepare(hostSettings(tables(kept, added))))();
    equal(host.mirrors[0], before);
    ok(await until(() => removed.connectionCount === 0), "one is gone");
    ok(await until(async () => (await storedIn(host)).has(note(3).id)), "one is new");
    added.publish(note(4));
    kept.publish(note(5));
    removed.publish(note(6));
    ok(await until(async () => (await storedIn(host)).size === 5));
    deepEqual([kept.heard, kept.connectionCount], [heard, 1]);
    deepEqual(host.mirrors.map(({ plan }) => plan.url), [kept.url, added.url]);

    const missing = JSON.stringify([{ url: kept.url, auth_key_file: "/nowhere/mirror.key" }]);
    await rejects(host.prepare(hostSettings({ "mirrors.relay": missing })), {
      name: "UnusableSetting",
    });
    equal(host.mirrors.length, 2);
  } finally {
    await host.close();
  }
});
