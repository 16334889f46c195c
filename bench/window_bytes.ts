/**
 * Compares the memory that an event in the window takes with the size that it is counted as.
 *
 * deno run -A --v8-flags=--expose-gc bench/window_bytes.ts
 *
 * @module
 */

import { utf8 } from "../src/base/bytes.ts";
import { eventJson } from "../src/nostr/event_json.ts";
import { readRecord } from "../src/store/feed/feed_statements.ts";
import { RecentEvents } from "../src/store/window/recent_events.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { usedBytes } from "../tests/kit/used_bytes.ts";

interface Shape {
  readonly name: string;
  readonly events: number;
  /** Characters of content. */
  readonly content: number;
  readonly tags: number;
  /** Whether each tag has a value that no other event has. */
  readonly areNew?: boolean;
}

const shapes: readonly Shape[] = [
  { name: "short notes", events: 40_000, content: 50, tags: 0 },
  { name: "notes of 5,000 characters", events: 10_000, content: 5_000, tags: 0 },
  { name: "4 tags", events: 40_000, content: 50, tags: 4 },
  { name: "20 tags", events: 10_000, content: 50, tags: 20 },
  { name: "20 tags, all new", events: 10_000, content: 50, tags: 20, areNew: true },
  { name: "200 tags, all new", events: 2_000, content: 50, tags: 200, areNew: true },
];

const random = new SeededRandom(1);
const keys = Array.from({ length: 2_000 }, () => random.bytes(32).toHex());

function fill(recent: RecentEvents, { events, content, tags, areNew }: Shape): number {
  let jsonBytes = 0;
  for (let i = 0; i < events; i++) {
    const json = utf8(eventJson({
      id: random.bytes(32).toHex(),
      pubkey: random.pick(keys),
      created_at: i,
      kind: 1,
      tags: Array.from({ length: tags }, () => [
        "p",
        areNew ? random.bytes(32).toHex() : random.pick(keys),
      ]),
      content: "x".repeat(content),
      sig: random.bytes(64).toHex(),
    }));
    jsonBytes += json.length;
    recent.add({ ...readRecord(json)!, seq: i });
  }
  return jsonBytes;
}

console.log("| events | JSON | beside it | counted beside it |\n|---|---|---|---|");
for (const shape of shapes) {
  const recent = new RecentEvents(Infinity, new SeededRandom(2));
  const jsonBytes = fill(recent, shape);
  const counted = recent.bytes;
  const before = await usedBytes();
  recent.clear();
  const taken = before - await usedBytes();
  const each = (bytes: number) => Math.round(bytes / shape.events);
  console.log(
    `| ${shape.name} | ${each(jsonBytes)} | ${each(taken - jsonBytes)} | ${
      each(counted - jsonBytes)
    } |`,
  );
}
