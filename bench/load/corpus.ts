/**
 * The events that are published and the questions about them.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { addressOf, kindClass } from "../../src/nostr/kind.ts";
import { generateEvents } from "../../tests/kit/event_generator.ts";
import type { SeededRandom } from "../../tests/kit/seeded_random.ts";
import { SchnorrSigner } from "../../tests/kit/signer.ts";

/** A filter as sent. */
export type WireFilter = Readonly<Record<string, unknown>>;

/** Seconds between two events, on average. */
const PACE_S = 10;
/** Kinds that relays serve to some clients only. */
const privateKinds: ReadonlySet<number> = new Set([4, 1059]);

/**
 * `count` signed events in the mix of a public relay, the newest a minute old: relays refuse what
 * is far from the present.
 */
export function mixedEvents(random: SeededRandom, count: number): readonly NostrEvent[] {
  const drawn = Math.ceil(count * 1.2) + 20;
  const startTime = Math.floor(Date.now() / 1_000) - 60 - drawn * PACE_S;
  const events = generateEvents(random, drawn, { signed: true, startTime, pace: PACE_S });
  return distinct(events).slice(0, count);
}

/** Only events that a store keeps, each once: older versions would be answered as superseded. */
function distinct(all: readonly NostrEvent[]): readonly NostrEvent[] {
  const addresses = new Set<string>();
  const ids = new Set<string>();
  return all.filter((event) => {
    const kind = kindClass(event.kind);
    const d = event.tags.find(([name]) => name === "d")?.[1] ?? "";
    const address = `${event.kind}:${event.pubkey}:${kind === "addressable" ? d : ""}`;
    if (ids.has(event.id) || (kind !== "regular" && addresses.has(address))) return false;
    ids.add(event.id);
    addresses.add(address);
    return true;
  });
}

/** Authors of short notes, all of the same length, and how many they have written. */
export class NoteWriters {
  readonly authors: readonly string[];
  readonly #signers: readonly SchnorrSigner[];
  #written = 0;

  constructor(random: SeededRandom, count: number) {
    this.#signers = Array.from({ length: count }, () => new SchnorrSigner(random));
    this.authors = this.#signers.map(({ pubkey }) => pubkey);
  }

  /** Notes of this moment; the authors take turns, the first begins. */
  write(count: number): readonly NostrEvent[] {
    const nowS = Math.floor(Date.now() / 1_000);
    return Array.from({ length: count }, (_, at) =>
      this.#signers[at % this.#signers.length]!.sign({
        kind: 1,
        created_at: nowS,
        tags: [],
        content: `note ${String(this.#written++).padStart(8, "0")} of those that a bench writes`,
      }));
  }
}

/** Values of `e` and `p` tags; others are refused in a filter. */
const ID = /^[0-9a-f]{64}$/;

/** Draws a filter. */
export type Draw = () => WireFilter;

/** The ten filter shapes of a typical client, each for at most 35 rows. */
export function filterShapes(
  random: SeededRandom,
  all: readonly NostrEvent[],
): Readonly<Record<string, Draw>> {
  const events = all.filter(({ kind }) => !privateKinds.has(kind));
  const any = () => random.pick(events);
  const tagged = (name: string, form = /./): Draw => {
    const values = events.flatMap(({ tags }) => tags.filter(([n, v]) => n === name && v))
      .map(([, value]) => value!).filter((value) => form.test(value));
    if (values.length === 0) values.push(any().id);
    return () => ({ [`#${name}`]: [random.pick(values)], limit: 35 });
  };
  const [e, p, t] = [tagged("e", ID), tagged("p", ID), tagged("t")];
  const addressable = events.filter(({ kind }) => kindClass(kind) === "addressable");
  if (addressable.length === 0) addressable.push({ ...any(), kind: 30_023 });
  const feed = () => Array.from({ length: 200 }, () => any().pubkey);
  return {
    "35 ids": () => ({ ids: Array.from({ length: 35 }, () => any().id) }),
    "an author": () => ({ authors: [any().pubkey], limit: 35 }),
    "a profile": () => ({ kinds: [0], authors: [any().pubkey], limit: 1 }),
    "a feed of 200 authors": () => ({ kinds: [1, 6], authors: feed(), limit: 35 }),
    "a kind": () => ({ kinds: [any().kind], limit: 35 }),
    "#e": () => ({ ...e(), kinds: [1, 7] }),
    "#p": p,
    "#t": t,
    "an address": () => {
      const { kind, pubkey, d } = addressOf(random.pick(addressable))!;
      return { kinds: [kind], authors: [pubkey], "#d": [d] };
    },
    "a day": () => {
      const until = any().created_at;
      return { since: until - 86_400, until, limit: 35 };
    },
  };
}

/**
 * Pages of 35 that end at a moment in the newest tenth of the events, or in the oldest fifth: a
 * cache that holds less than all has the former and not the latter.
 */
export function pages(
  random: SeededRandom,
  events: readonly NostrEvent[],
  age: "hot" | "cold",
): Draw {
  const times = events.map(({ created_at }) => created_at).toSorted((a, b) => a - b);
  const [from, to] = age === "hot" ? [0.9, 1] : [0.1, 0.2];
  const part = times.slice(Math.floor(from * times.length), Math.ceil(to * times.length));
  const what = [{ kinds: [1] }, { kinds: [7] }, { kinds: [1, 6] }, { kinds: [1], "#t": ["nostr"] }];
  return () => ({ ...random.pick(what), until: random.pick(part), limit: 35 });
}
