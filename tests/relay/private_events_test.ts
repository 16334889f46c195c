/**
 * What a stranger can learn of private events: nothing. Whatever is asked, a relay that holds them answers
 * as one that does not.
 *
 * @see NIP-04, NIP-17, NIP-59
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { systemRandom } from "../../src/app/system/system_random.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { openStoreOn } from "../kit/database.ts";
import { sharedServers } from "../kit/each_server.ts";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import type { Line } from "../wire/conversation.ts";
import { SocketExchange } from "../wire/socket_exchange.ts";

const random = new SeededRandom(1);
const [alice, bob, mallory] = [1, 2, 3].map(() => new SchnorrSigner(random)) as [
  SchnorrSigner,
  SchnorrSigner,
  SchnorrSigner,
];
const START_S = 1_700_000_000;

function write(kind: number, second: number, content: string): NostrEvent {
  const tags = [["p", bob.pubkey], ["t", "x"]];
  return alice.sign({ kind, created_at: START_S + second, tags, content });
}

/** Private and public events take turns. */
const publicEvents = Array.from({ length: 12 }, (_, at) => write(1, 2 * at, `hello ${at}`));
const privateEvents = Array.from(
  { length: 12 },
  (_, at) => write(at % 2 === 0 ? 4 : 1059, 2 * at + 1, `secret ${at}`),
);
const liveSecrets = [4, 1059, 21059].map((kind, at) => write(kind, 100 + at, "live secret"));
const liveNote = write(1, 110, "live note");

const privateIds = privateEvents.map(({ id }) => id);
const [firstId, secondId] = privateIds as [string, string];

/** Questions, as the filters of a REQ, a COUNT and a NEG-OPEN. */
const questions: Readonly<Record<string, readonly object[]>> = {
  ids: [{ ids: privateIds }],
  "ids among others": [{ ids: [...privateIds, publicEvents[0]!.id] }],
  everything: [{}],
  author: [{ authors: [alice.pubkey] }],
  "the newest of an author": [{ authors: [alice.pubkey], limit: 5 }],
  recipient: [{ "#p": [bob.pubkey] }],
  "the newest for a recipient": [{ "#p": [bob.pubkey], limit: 5 }],
  "private kinds": [{ kinds: [4, 1059] }],
  "private kinds among others": [{ kinds: [1, 4, 1059], limit: 7 }],
  "an author's private kinds": [{ authors: [alice.pubkey], kinds: [4, 1] }],
  "a tag": [{ "#t": ["x"], limit: 6 }],
  "two tags at once": [{ "&t": ["x"], "#p": [bob.pubkey], limit: 6 }],
  "a second": [{ since: START_S + 1, until: START_S + 1 }],
  "a page": [{ until: START_S + 11, limit: 3 }],
  "the page after": [{ until: START_S + 5, limit: 3 }],
  "several filters": [{ ids: privateIds }, { kinds: [1], limit: 2 }],
  words: [{ search: "secret" }],
};

/** Events by which a stranger may try to find out what is there. They come last: some are stored. */
const attempts: Readonly<Record<string, NostrEvent>> = {
  "a private event again": privateEvents[0]!,
  "another private event again": privateEvents[1]!,
  "a deletion of private events": mallory.sign({
    kind: 5,
    created_at: START_S + 200,
    tags: [["e", firstId], ["e", secondId]],
    content: "",
  }),
};

/** The messages up to the one that ends the answer. */
async function answerTo(line: Line, message: readonly unknown[]): Promise<readonly unknown[]> {
  line.say(JSON.stringify(message));
  const ends = { REQ: ["EOSE", "CLOSED"], COUNT: ["COUNT", "CLOSED"], EVENT: ["OK"] };
  const last = (ends as Record<string, string[]>)[message[0] as string] ?? ["NEG-MSG", "NEG-ERR"];
  const answer: unknown[] = [];
  for (;;) {
    const heard = await line.hear();
    ok("text" in heard, "the connection is open");
    const parsed = JSON.parse(heard.text);
    // Challenges differ.
    answer.push(parsed[0] === "AUTH" ? ["AUTH"] : parsed);
    if (last.includes(parsed[0])) break;
  }
  if (message[0] === "REQ") line.say(JSON.stringify(["CLOSE", message[1]]));
  return answer;
}

/** All that a stranger hears, by what was asked. */
async function heardBy(line: Line): Promise<Record<string, unknown>> {
  const heard: Record<string, unknown> = {};
  for (const [door, filters] of Object.entries(questions)) {
    heard[`REQ ${door}`] = await answerTo(line, ["REQ", "s", ...filters]);
    heard[`COUNT ${door}`] = await answerTo(line, ["COUNT", "s", ...filters]);
    heard[`NEG-OPEN ${door}`] = await answerTo(line, ["NEG-OPEN", "s", filters[0], "6100000200"]);
    line.say(JSON.stringify(["NEG-CLOSE", "s"]));
  }
  return heard;
}

async function publish(line: Line, events: readonly NostrEvent[]): Promise<void> {
  for (const event of events) {
    deepEqual(await answerTo(line, ["EVENT", event]), [["OK", event.id, true, ""]]);
  }
}

/** Answers the challenge that a question about private kinds brings. */
async function authenticate(line: Line, nowS: number): Promise<void> {
  line.say(JSON.stringify(["REQ", "ask", { kinds: [4] }]));
  const asked = await line.hear();
  const [verb, challenge] = JSON.parse("text" in asked ? asked.text : "[]");
  equal(verb, "AUTH");
  await line.hear();
  const tags = [["relay", "wss://relay.example"], ["challenge", challenge]];
  const proof = mallory.sign({ kind: 22242, created_at: Math.floor(nowS), tags, content: "" });
  line.say(JSON.stringify(["AUTH", proof]));
  const accepted = await line.hear();
  equal(JSON.parse("text" in accepted ? accepted.text : "[]")[2], true);
}

/** All that a stranger hears of a relay with or without private events, before and after AUTH. */
async function heardOf(store: TidyStore, withPrivate: boolean): Promise<Record<string, unknown>> {
  await using relay = await SocketExchange.open({ store, cache: { max_mib: 0 } });
  const author = await relay.connect();
  await publish(author, publicEvents);
  if (withPrivate) await publish(author, privateEvents);
  const stranger = await relay.connect();
  const watcher = await relay.connect();
  await answerTo(watcher, ["REQ", "closed", { limit: 0 }]);
  watcher.say(JSON.stringify(["REQ", "live", { "#p": [bob.pubkey], limit: 0 }]));
  const before = await heardBy(stranger);
  const other = await relay.connect();
  await authenticate(other, relay.nowS());
  const after = await heardBy(other);
  const tried: Record<string, unknown> = {};
  for (const [name, event] of Object.entries(attempts)) {
    tried[name] = await answerTo(other, ["EVENT", event]);
  }
  if (withPrivate) await publish(author, liveSecrets);
  await publish(author, [liveNote]);
  const live = [await watcher.hear(), await watcher.hear()];
  return { before, after, tried, live };
}

/** The ways to keep events, each with a window of no, little and much memory before it. */
const stores: Record<string, () => Promise<TidyStore>> = {
  memory: () => Promise.resolve(new MemoryStore(systemClock)),
};
for (const server of sharedServers({ keepsSchema: true })) {
  if (server.version !== packagedPostgres) continue;
  stores[server.name] = async () =>
    await openStoreOn(openPostgres(await server.freshDatabase()), {
      clock: systemClock,
      searchableKinds: new Set([1, 4]),
    });
}
const windows = { "no window": 0, "a tiny window": 6_000, "a window": 10_000_000 };

for (const [name, open] of Object.entries(stores)) {
  for (const [kind, maxBytes] of Object.entries(windows)) {
    Deno.test(`NIP04-04 NIP59-08 X-08 ${name} with ${kind}: a stranger hears nothing of private events`, async () => {
      const opened = async () => {
        const inner = await open();
        return maxBytes === 0
          ? inner
          : new WindowStore(inner, { maxBytes, clock: systemClock, random: systemRandom });
      };
      const [without, within] = [
        await heardOf(await opened(), false),
        await heardOf(await opened(), true),
      ];
      deepEqual(within, without);
      const text = JSON.stringify(within);
      ok(text.includes("hello 11") && text.includes("live note"), "public events are seen");
    });
  }
}
