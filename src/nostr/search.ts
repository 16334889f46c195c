/**
 * Decides which events match a search, and how well.
 *
 * @see NIP-50
 * @module
 */

import type { NostrEvent } from "./event.ts";
import { isJsonObject, parseJson } from "./json.ts";
import { wordsToFind, wordsToIndex } from "./words.ts";

/** How many words of an event are indexed. */
const MAX_EVENT_WORDS = 4_000;

/** How much of a text is searched for words, UTF-16 units: a word may be as long as the text. */
const MAX_TEXT_LENGTH = 65_536;

/** How many times as much a word in a heading counts. */
const HEADING_WEIGHT = 10;

/** The words of an event in order, with repetitions. */
interface EventWords {
  /** Words of names or titles. */
  readonly heading: readonly string[];
  /** All other words. */
  readonly body: readonly string[];
}

/** `key:value`: an extension of the search syntax. A web URL or a `nostr:` URI is not one. */
const EXTENSION = /^(?!nostr:)[a-z][a-z0-9_-]*:(?!\/\/)\S+$/i;

/**
 * The words of a search, all of which must match; undefined when it has none. A text such as `"?!"`
 * gives an empty set, which matches nothing. Extensions are ignored.
 *
 * @see NIP-50 "Extensions"
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { parseSearch } from "./search.ts";
 *
 * deepEqual(parseSearch("Best apps language:en"), new Set(["best", "apps"]));
 * equal(parseSearch(" include:spam "), undefined);
 * ```
 */
export function parseSearch(text: string): ReadonlySet<string> | undefined {
  const words = text.split(/\s+/).filter((word) => word !== "" && !EXTENSION.test(word));
  return words.length === 0 ? undefined : new Set(wordsToFind(words.join(" ")));
}

/**
 * The words by which an event is found: those of its content and titles. For a profile, those of
 * its names, its NIP-05 address and its `about`.
 *
 * @see NIP-50 `search` field
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { eventWords } from "./search.ts";
 *
 * const content = '{"name":"Ann","about":"I bake","picture":"https://example.com"}';
 * const words = eventWords({ kind: 0, tags: [], content });
 * deepEqual(words, { heading: ["ann"], body: ["i", "bake"] });
 * ```
 */
export function eventWords(event: Pick<NostrEvent, "kind" | "tags" | "content">): EventWords {
  const { heading, body } = event.kind === 0 ? profileText(event.content) : noteText(event);
  const headingWords = wordsToIndex(heading.slice(0, MAX_TEXT_LENGTH), MAX_EVENT_WORDS);
  const room = MAX_EVENT_WORDS - headingWords.length;
  return { heading: headingWords, body: wordsToIndex(body.slice(0, MAX_TEXT_LENGTH), room) };
}

interface EventText {
  readonly heading: string;
  readonly body: string;
}

function profileText(content: string): EventText {
  const profile = parseJson(content);
  if (!isJsonObject(profile)) return { heading: "", body: "" };
  const text = (...fields: readonly string[]) =>
    fields.map((field) => profile[field]).filter((value) => typeof value === "string").join("\n");
  return { heading: text("name", "display_name", "nip05"), body: text("about") };
}

function noteText({ tags, content }: Pick<NostrEvent, "tags" | "content">): EventText {
  let heading = "";
  for (const [name, value] of tags) {
    if (value !== undefined && TITLES.has(name!)) heading += `${value}\n`;
  }
  return { heading, body: content };
}

/** Tags whose value is a title. */
const TITLES: ReadonlySet<string> = new Set(["title", "subject", "summary"]);

/**
 * Whether `event` contains all of `words`.
 *
 * @see NIP-50
 */
export function meetsSearch(words: ReadonlySet<string>, event: NostrEvent): boolean {
  return words.size > 0 && words.isSubsetOf(distinctWords(event));
}

/** The most recent event: a live event is matched against many searches in turn. */
let last: { readonly event: NostrEvent; readonly words: ReadonlySet<string> } | undefined;

function distinctWords(event: NostrEvent): ReadonlySet<string> {
  if (last?.event !== event) {
    const { heading, body } = eventWords(event);
    last = { event, words: new Set([...heading, ...body]) };
  }
  return last.words;
}

/**
 * The relevance of `event`: how often it contains the words, headings weighted, relative to its
 * length. Larger is better. Only the order is meaningful; a database may use another measure.
 *
 * @see NIP-50 "Results SHOULD be returned in descending order by quality of search result"
 */
export function relevance(
  words: ReadonlySet<string>,
  event: Pick<NostrEvent, "kind" | "tags" | "content">,
): number {
  const { heading, body } = eventWords(event);
  const found = (among: readonly string[]) => among.filter((word) => words.has(word)).length;
  const weight = HEADING_WEIGHT * found(heading) + found(body);
  return weight / (1 + Math.log(1 + heading.length + body.length));
}
