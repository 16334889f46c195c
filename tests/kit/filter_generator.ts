/**
 * Generates filters over given events, including unusual ones.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { bytesToHex } from "../../src/nostr/hex.ts";
import type { SeededRandom } from "./seeded_random.ts";

/**
 * A filter with mostly values that occur in `events`, and a few that do not. `since` and `until`
 * are the times of events, or one second off. Some filters match nothing: an empty set, `since`
 * after `until`, `limit` 0.
 *
 * @example
 * ```ts
 * import { generateEvents } from "./event_generator.ts";
 * import { generateFilter } from "./filter_generator.ts";
 * import { SeededRandom } from "./seeded_random.ts";
 *
 * const random = new SeededRandom(1);
 * const filter = generateFilter(random, generateEvents(random, 50));
 * if (filter.tags === undefined) throw new Error("unexpected");
 * ```
 */
export function generateFilter(random: SeededRandom, events: readonly NostrEvent[]): ReqFilter {
  const source = { random, events };
  const tags = new Map<string, ReadonlySet<string>>();
  for (let letters = random.chance(0.4) ? random.between(1, 2) : 0; letters > 0; letters--) {
    addTagCondition(source, tags);
  }
  return {
    ...(random.chance(0.15) && { ids: values(source, ({ id }) => id, () => strange(random)) }),
    ...(random.chance(0.35) && {
      authors: values(source, ({ pubkey }) => pubkey, () => strange(random)),
    }),
    ...(random.chance(0.5) &&
      { kinds: values(source, ({ kind }) => kind, () => random.int(65_536)) }),
    tags,
    ...timeBounds(source),
    ...(random.chance(0.4) && { limit: random.pick([0, 1, 2, 5, 20, 100, 500]) }),
  };
}

/** The source of the values. */
interface Source {
  readonly random: SeededRandom;
  readonly events: readonly NostrEvent[];
}

/** A set of values of some events, sometimes with an unknown one, sometimes empty. */
function values<T>(
  { random, events }: Source,
  known: (event: NostrEvent) => T,
  stranger: () => T,
): ReadonlySet<T> {
  const wanted = new Set<T>();
  if (random.chance(0.03)) return wanted;
  const count = random.chance(0.1) ? 200 : 1 + random.skewed(10);
  for (let i = 0; i < count && events.length > 0; i++) wanted.add(known(random.pick(events)));
  if (wanted.size === 0 || random.chance(0.1)) wanted.add(stranger());
  return wanted;
}

/** A condition on a letter that some event has, with its values and those of others. */
function addTagCondition(source: Source, tags: Map<string, ReadonlySet<string>>): void {
  const { random } = source;
  const indexed = randomTags(source);
  const letter = indexed.length > 0 && random.chance(0.9)
    ? random.pick(indexed)[0]!
    : random.pick(["e", "E", "p", "t", "z"]);
  tags.set(
    letter,
    values(source, (event) => tagValue(random, event, letter), () => strange(random)),
  );
}

/** The single-letter tags of the first event drawn that has any. */
function randomTags({ random, events }: Source): NostrEvent["tags"] {
  for (let tries = 0; tries < 20 && events.length > 0; tries++) {
    const tags = random.pick(events).tags.filter(([name]) => /^[a-zA-Z]$/.test(name!));
    if (tags.length > 0) return tags;
  }
  return [];
}

/**
 * A value of one of the event's `letter` tags; sometimes one after the first, which does not count.
 */
function tagValue(random: SeededRandom, event: NostrEvent, letter: string): string {
  const tags = event.tags.filter((tag) => tag[0] === letter && tag.length > 1);
  if (tags.length === 0) return strange(random);
  const tag = random.pick(tags);
  return random.chance(0.05) ? tag.at(-1)! : tag[1]!;
}

function timeBounds(source: Source): Pick<ReqFilter, "since" | "until"> {
  const { random } = source;
  const since = random.chance(0.2) && { since: moment(source) };
  const until = random.chance(0.2) && { until: moment(source) };
  return { ...since, ...until };
}

/** The time of an event, or a second before or after. */
function moment({ random, events }: Source): number {
  if (events.length === 0) return random.int(2_000_000_000);
  return Math.max(0, random.pick(events).created_at + random.between(-1, 1));
}

/** An unknown key. */
function strange(random: SeededRandom): string {
  return bytesToHex(random.bytes(32));
}
