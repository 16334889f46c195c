/**
 * What a web of trust of many follow lists takes: time, memory, and how long the event loop waits
 * while it is read. The follow lists are made up as they are asked for, as JSON that the relay
 * parses as it does that of the database.
 *
 * deno run -A bench/trust.ts
 *
 * `LISTS` and `FOLLOWS` in the environment change how many lists there are, and how many keys each
 * has.
 *
 * @module
 */

import { utf8 } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import { Trust } from "../src/app/access/trust.ts";
import { systemClock } from "../src/app/system/system_clock.ts";
import type { ReqFilter } from "../src/nostr/filter.ts";
import type { QueryOptions, StoredEvent } from "../src/store/event_store.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const lists = Number(Deno.env.get("LISTS") ?? 100_000);
const follows = Number(Deno.env.get("FOLLOWS") ?? 500);
const ASKED = 1_000_000;

const random = new SeededRandom(1);
const keys = Array.from({ length: lists }, () => random.bytes(32).toHex());
const places = new Map(keys.map((key, at) => [key, at]));
let listsRead = 0;

/** The follow list of a key: the first follows those that come after it, others anybody. */
function followList(author: string): StoredEvent {
  const at = places.get(author)!;
  const tags = Array.from({ length: follows }, (_, place) => {
    const followed = at < lists / follows ? at * follows + place : random.int(lists);
    return `["p","${keys[followed % lists]}"]`;
  });
  const json = `{"id":"${author}","pubkey":"${author}","created_at":1700000000,"kind":3,` +
    `"tags":[${tags.join(",")}],"content":"","sig":"${"0".repeat(128)}"}`;
  return { id: author, createdAt: 1_700_000_000, seq: at, json: utf8(json) };
}

async function* query(
  [filter]: readonly ReqFilter[],
  { pieceBytes }: QueryOptions = {},
): AsyncGenerator<readonly StoredEvent[], void> {
  let piece: StoredEvent[] = [];
  let bytes = 0;
  for (const author of filter!.authors!) {
    const row = followList(author);
    listsRead++;
    piece.push(row);
    bytes += row.json.length;
    if (bytes < (pieceBytes?.() ?? 0)) continue;
    yield piece;
    piece = [];
    bytes = 0;
  }
  if (piece.length > 0) yield piece;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

const base = Deno.memoryUsage().rss;
let mostRss = base;
let longestMs = 0;
let lastMs = performance.now();
const watch = setInterval(() => {
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs - 5);
  lastMs = nowMs;
  mostRss = Math.max(mostRss, Deno.memoryUsage().rss);
}, 5);

const trust = new Trust({
  roots: [keys[0]!],
  maxHops: 4,
  maxKeys: lists * 2,
  refreshMs: 3_600_000,
});
const startMs = performance.now();
await trust.start({ store: { query }, clock: systemClock, log: silentLog });
const tookS = (performance.now() - startMs) / 1_000;
clearInterval(watch);

let known = 0;
const askedMs = performance.now();
for (let ask = 0; ask < ASKED; ask++) if (trust.isTrusted(keys[ask % lists]!)) known++;
const nsEach = (performance.now() - askedMs) * 1e6 / ASKED;
trust.close();

console.log(
  `${listsRead} follow lists, ${listsRead * follows} follows, ${known} of ${ASKED} trusted`,
);
console.log(`read in ${tookS.toFixed(1)} s, the making of the lists included`);
console.log(`memory ${mib(base)} before, ${mib(mostRss)} at most`);
console.log(`longest stretch on the thread ${longestMs.toFixed(1)} ms`);
console.log(`one answer ${nsEach.toFixed(0)} ns`);
