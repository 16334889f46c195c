/**
 * Attacks that nobody thought of: messages within the limits, with sizes, repetition, nesting and re-used
 * ids drawn at random.
 *
 * @module
 */

import { SeededRandom } from "../kit/seeded_random.ts";

/** How many bytes one connection sends. */
const TRAFFIC_BYTES = 2_000_000;

/** The longest message, below `limits.max_message_bytes`. */
const MAX_MESSAGE_BYTES = 500_000;

const hex = (random: SeededRandom, space: number) =>
  random.int(space).toString(16).padStart(64, "0");

/** A text that repeats a few characters, some of which are odd. */
function oddText(random: SeededRandom, length: number): string {
  const pieces = [
    "a",
    " ",
    "é",
    "\u0301",
    "\ufdfa",
    "漢",
    "👨‍👩‍👧",
    "\\",
    '"',
    "\u0000",
    "#x",
    "nostr:",
  ];
  const some = Array.from(
    { length: random.between(1, 3) },
    () => pieces[random.int(pieces.length)]!,
  );
  return some.join("").repeat(Math.ceil(length / 4)).slice(0, length).toWellFormed();
}

function oddFilter(random: SeededRandom, values: number): Record<string, unknown> {
  const filter: Record<string, unknown> = {};
  // Few different values are named by all, many by nobody else.
  const space = random.chance(0.5) ? 3 : 2 ** 31;
  const keys = ["ids", "authors", "#e", "#p", "#t", "#d", "kinds", "since", "until", "limit"];
  for (const key of keys) {
    if (!random.chance(0.35)) continue;
    const count = random.skewed(values) + 1;
    if (key === "since" || key === "until") filter[key] = random.uint32();
    else if (key === "limit") filter[key] = random.skewed(1_000);
    else if (key === "kinds") {
      filter[key] = Array.from({ length: count % 100 }, () => random.int(50));
    } else if (key === "#t" || key === "#d") {
      filter[key] = Array.from({ length: count }, () => oddText(random, random.between(1, 20)));
    } else filter[key] = Array.from({ length: count }, () => hex(random, space));
  }
  return filter;
}

/** An event whose id is wrong: what it costs is found out before that. */
function oddEvent(random: SeededRandom): unknown {
  const tagCount = random.skewed(5_000);
  const name = () => random.chance(0.8) ? "t" : oddText(random, random.between(1, 5));
  return {
    id: hex(random, 2 ** 31),
    pubkey: hex(random, 5),
    created_at: random.uint32(),
    kind: random.int(50_000),
    tags: Array.from({ length: tagCount }, () => [name(), oddText(random, random.skewed(30))]),
    content: oddText(random, random.skewed(190_000)),
    sig: hex(random, 9) + hex(random, 9),
  };
}

function nested(random: SeededRandom): string {
  const [open, close] = random.chance(0.5) ? ["[", "]"] : ['{"a":', "}"];
  const depth = random.skewed(MAX_MESSAGE_BYTES / 12);
  return `["REQ","n",${open.repeat(depth)}1${close.repeat(depth)}]`;
}

function oddMessage(random: SeededRandom): string {
  const id = `${random.skewed(200)}`;
  switch (random.int(8)) {
    case 0:
      return JSON.stringify(["EVENT", oddEvent(random)]);
    case 1:
      return nested(random);
    case 2:
      return JSON.stringify(["CLOSE", id]);
    case 3:
      return JSON.stringify(["COUNT", id, oddFilter(random, 500)]);
    case 4: {
      const number = ["1", "-1", "1.5", "1e9", "0"][random.int(5)]!;
      return `["REQ","${id}",{"kinds":[${`${number},`.repeat(random.skewed(100_000))}1]}]`;
    }
    default: {
      const filters = random.between(1, random.chance(0.2) ? 50 : 3);
      const each = Math.floor(4_000 / filters);
      return JSON.stringify([
        "REQ",
        id,
        ...Array.from({ length: filters }, () => oddFilter(random, each)),
      ]);
    }
  }
}

/** The messages of one connection. The same seed gives the same ones. */
export function generatedMessages(seed: number): readonly string[] {
  const random = new SeededRandom(seed);
  const messages: string[] = [];
  for (let bytes = 0; bytes < TRAFFIC_BYTES;) {
    const message = oddMessage(random);
    if (message.length > MAX_MESSAGE_BYTES) continue;
    messages.push(message);
    bytes += message.length;
  }
  return messages;
}
