/**
 * Generates events in the mix of a public relay, with the unusual ones that break relays.
 *
 * @module
 */

import type { NostrEvent, Tag } from "../../src/nostr/event.ts";
import { addressOf } from "../../src/nostr/kind.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { FakeSigner, SchnorrSigner, type Signer } from "./signer.ts";

/** Properties of the generated events. */
export interface GenerateOptions {
  /** The number of authors, few of whom write most events. Default: one for every twenty events. */
  readonly authors?: number;
  /** Whether signatures are valid. Default: no, see {@link FakeSigner}. */
  readonly signed?: boolean;
  /** `created_at` of the first event, seconds since 1970. Default: 1,700,000,000. */
  readonly startTime?: number;
  /** Average seconds between two events. Default: 10. */
  readonly pace?: number;
  /** Whether some events are ephemeral, which stores must not be given. Default: no. */
  readonly ephemeral?: boolean;
  /** Whether some events delete others of their author. Default: no. */
  readonly deletions?: boolean;
}

/**
 * `count` events in about the order of `created_at`. Each id is correct; ids are not necessarily
 * distinct, since an event may be received twice.
 *
 * Among them: follow lists of hundreds, replies, reactions, hashtags; several versions of
 * replaceable and addressable events, some of the same second; `d` tags that are missing, without
 * value, empty or repeated; runs of equal `created_at`; NUL and other strings that need escapes;
 * tag values of 3,000 bytes.
 *
 * @example
 * ```ts
 * import { generateEvents } from "./event_generator.ts";
 * import { SeededRandom } from "./seeded_random.ts";
 *
 * const events = generateEvents(new SeededRandom(1), 100);
 * if (events.length !== 100) throw new Error("unexpected");
 * ```
 */
export function generateEvents(
  random: SeededRandom,
  count: number,
  options: GenerateOptions = {},
): NostrEvent[] {
  const crowd = gather(random, count, options);
  const mix = MIX.filter(({ only }) => only === undefined || options[only] === true);
  const weights = mix.reduce((sum, { weight }) => sum + weight, 0);
  for (let i = 0; i < count; i++) crowd.events.push(nextEvent(crowd, mix, weights));
  return crowd.events;
}

/** Content and tag values that have broken a parser, a database or an escape. */
export const ODD_STRINGS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\u0001\u000b\u000e\u001f",
  '\n"\\\r\t\b\f/',
  "é 🎉 \u2028\u2029\u007f",
  "👩‍👩‍👧‍👦",
  "\ufeffmark",
  "\uffff",
  "\\u0000",
  "'; drop table events; --",
  '","tags":[["e","',
  '{"kind":1,"created_at":1e3}',
  "مرحبا עולם",
];

/** The authors, their events so far, and the time. */
interface Crowd {
  readonly random: SeededRandom;
  readonly authors: readonly Signer[];
  readonly events: NostrEvent[];
  /** Replaceable and addressable events, and their authors. */
  readonly versioned: { readonly event: NostrEvent; readonly author: Signer }[];
  readonly pace: number;
  now: number;
}

/** The content and tags of an event. */
interface Body {
  readonly tags: readonly Tag[];
  readonly content: string;
}

/** One row of the mix. */
interface Habit {
  readonly kind: number;
  readonly weight: number;
  readonly only?: "ephemeral" | "deletions";
  readonly body: (crowd: Crowd, author: Signer) => Body;
}

const MIX: readonly Habit[] = [
  { kind: 1, weight: 380, body: note },
  { kind: 7, weight: 250, body: reaction },
  { kind: 6, weight: 60, body: repost },
  { kind: 1059, weight: 80, body: giftWrap },
  { kind: 4, weight: 30, body: giftWrap },
  { kind: 0, weight: 50, body: profile },
  { kind: 3, weight: 15, body: followList },
  { kind: 10002, weight: 30, body: relayList },
  { kind: 30023, weight: 30, body: article },
  { kind: 30078, weight: 20, body: article },
  { kind: 41, weight: 10, body: channelMetadata },
  { kind: 818, weight: 5, body: note },
  { kind: 40001, weight: 5, body: note },
  { kind: 1, weight: 20, body: oddNote },
  { kind: 1, weight: 10, body: longTags },
  { kind: 20001, weight: 30, only: "ephemeral", body: note },
  { kind: 25000, weight: 10, only: "ephemeral", body: oddNote },
  { kind: 5, weight: 15, only: "deletions", body: deletion },
];

function gather(random: SeededRandom, count: number, options: GenerateOptions): Crowd {
  const people = options.authors ?? Math.max(2, Math.ceil(count / 20));
  const authors = Array.from(
    { length: people },
    () => options.signed ? new SchnorrSigner(random) : new FakeSigner(random),
  );
  const now = options.startTime ?? 1_700_000_000;
  return { random, authors, events: [], versioned: [], pace: options.pace ?? 10, now };
}

function nextEvent(crowd: Crowd, mix: readonly Habit[], weights: number): NostrEvent {
  const { random, authors } = crowd;
  if (crowd.events.length > 0 && random.chance(0.005)) return random.pick(crowd.events);
  if (crowd.versioned.length > 0 && random.chance(0.02)) return revision(crowd);
  if (random.chance(0.7)) crowd.now += random.int(2 * crowd.pace + 1);
  const author = authors[random.skewed(authors.length)]!;
  const habit = drawHabit(mix, random.int(weights));
  const event = author.sign({
    created_at: random.chance(0.1) ? Math.max(0, crowd.now - random.int(86_400)) : crowd.now,
    kind: habit.kind,
    ...habit.body(crowd, author),
  });
  if (addressOf(event) !== undefined) crowd.versioned.push({ event, author });
  return event;
}

/** Another version of an event, with the same `created_at` or a second away. */
function revision({ random, versioned }: Crowd): NostrEvent {
  const { event, author } = random.pick(versioned);
  return author.sign({
    created_at: Math.max(0, event.created_at + random.pick([-1, 0, 0, 1])),
    kind: event.kind,
    tags: event.tags,
    content: sentence(random),
  });
}

function drawHabit(mix: readonly Habit[], ticket: number): Habit {
  let left = ticket;
  for (const habit of mix) {
    left -= habit.weight;
    if (left < 0) return habit;
  }
  return mix[0]!;
}

function note(crowd: Crowd): Body {
  const { random } = crowd;
  const tags: Tag[] = [];
  if (random.chance(0.5)) tags.push(...replyTags(crowd));
  for (let i = random.skewed(5); i > 0; i--) tags.push(["t", hashtag(random)]);
  if (random.chance(0.1)) tags.push(["client", "some client"], ["-nope"], ["t"]);
  return { tags, content: sentence(random) };
}

function replyTags(crowd: Crowd): Tag[] {
  const parent = earlier(crowd);
  if (parent === undefined) return [];
  const root = crowd.random.chance(0.5) ? [["e", parent.id, "wss://relay.example", "root"]] : [];
  return [...root, ["e", parent.id, "", "reply"], ["p", parent.pubkey]];
}

function reaction(crowd: Crowd): Body {
  const target = earlier(crowd);
  const tags = target === undefined
    ? []
    : [["e", target.id], ["p", target.pubkey], ["k", String(target.kind)]];
  return { tags, content: crowd.random.pick(["+", "-", "🤙", "❤️", ""]) };
}

function repost(crowd: Crowd): Body {
  const target = earlier(crowd);
  if (target === undefined) return { tags: [], content: "" };
  const tags = [["e", target.id, "wss://relay.example"], ["p", target.pubkey]];
  // Cut if it is long, but not inside a surrogate pair.
  const text = JSON.stringify(target).slice(0, 2_000).toWellFormed();
  return { tags, content: crowd.random.chance(0.3) ? text : "" };
}

function giftWrap(crowd: Crowd): Body {
  const content = crowd.random.bytes(150).toBase64();
  return { tags: [["p", somebody(crowd)]], content };
}

function profile({ random }: Crowd): Body {
  const name = random.pick(["alice", "bob", "carol", "Dave 🎉", "eve\u0000"]);
  return { tags: [], content: JSON.stringify({ name, about: sentence(random) }) };
}

function followList(crowd: Crowd): Body {
  const follows = crowd.random.between(0, 600);
  const tags = Array.from({ length: follows }, () => ["p", somebody(crowd)]);
  return { tags, content: "" };
}

function relayList({ random }: Crowd): Body {
  const urls = ["wss://one.example", "wss://two.example/", "wss://three.example/nostr"];
  const tags = random.sample(urls, random.between(1, 3)).map((url) =>
    random.chance(0.5) ? ["r", url] : ["r", url, random.pick(["read", "write"])]
  );
  return { tags, content: "" };
}

function article({ random }: Crowd): Body {
  const identity: readonly (readonly Tag[])[] = [
    [["d", "hello"]],
    [["d", "world"], ["d", "ignored"]],
    [["d", ""]],
    [["d"]],
    [],
    [["title", "first"], ["d", random.pick(ODD_STRINGS)]],
  ];
  return {
    tags: [...random.pick(identity), ["t", hashtag(random)]],
    content: Array.from({ length: random.between(1, 20) }, () => sentence(random)).join("\n"),
  };
}

function channelMetadata(crowd: Crowd): Body {
  const channel = earlier(crowd);
  const tags = channel === undefined ? [] : [["e", channel.id, "", "root"]];
  return { tags, content: '{"name":"channel"}' };
}

function oddNote({ random }: Crowd): Body {
  const tags = Array.from(
    { length: random.int(4) },
    () => [random.pick(["t", "e", "p", "x", "T", "alt", ""]), random.pick(ODD_STRINGS)],
  );
  return { tags, content: random.pick(ODD_STRINGS) };
}

function longTags({ random }: Crowd): Body {
  const long = random.pick(["r", "t", "x"]);
  const value = random.pick(["a", "b"]).repeat(2_999) + random.pick(["a", "b"]);
  return { tags: [[long, value], ["t", hashtag(random)]], content: sentence(random) };
}

/** A deletion request for an event or address of the author; sometimes of another. */
function deletion(crowd: Crowd, author: Signer): Body {
  const target = crowd.random.chance(0.8)
    ? crowd.events.findLast(({ pubkey }) => pubkey === author.pubkey)
    : earlier(crowd);
  if (target === undefined) return { tags: [], content: "" };
  const address = addressOf(target);
  const tag = address !== undefined && crowd.random.chance(0.5)
    ? ["a", `${address.kind}:${address.pubkey}:${address.d}`]
    : ["e", target.id];
  return { tags: [tag, ["k", String(target.kind)]], content: "gone" };
}

/** An earlier event, more likely a recent one. */
function earlier({ random, events }: Crowd): NostrEvent | undefined {
  return events[events.length - 1 - random.skewed(events.length)];
}

function somebody({ random, authors }: Crowd): string {
  return authors[random.skewed(authors.length)]!.pubkey;
}

function hashtag(random: SeededRandom): string {
  return TOPICS[random.skewed(TOPICS.length)]!;
}

function sentence(random: SeededRandom): string {
  return random.sample(WORDS, random.between(3, 40)).join(" ");
}

const TOPICS = [
  "nostr",
  "bitcoin",
  "art",
  "Art",
  "coffee",
  "日本語",
  "weather",
  "birds",
  "deno",
  "x",
];

const WORDS = [
  "the",
  "relay",
  "keeps",
  "what",
  "everyone",
  "says",
  "and",
  "gives",
  "it",
  "back",
  "naïve",
  '"quoted"',
  "line\nbreak",
  "🎉",
  "https://example.com/a?b=c",
  "ostrich",
];
