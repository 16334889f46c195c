/**
 * Holds every numbered conversation with any relay and says what it did otherwise.
 *
 * deno task conformance ws://127.0.0.1:8080 [--only NIP01]
 *
 * Publishes some hundred small events by keys that nobody knows. What needs HTTP, an operator's settings
 * or more time is not asked. The exit code is 1 when anything was otherwise.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { converse } from "../wire/conversation.ts";
import { conversationFiles } from "../wire/conversations_directory.ts";
import { foreignConversations, ForeignExchange } from "./foreign_exchange.ts";

/** How one conversation went. */
export interface Held {
  readonly title: string;
  /** What was otherwise; undefined when nothing was. */
  readonly difference: string | undefined;
}

/** Which conversations are held. */
export interface ConformanceOptions {
  /** Part of every author's name; with the same one a relay knows the events already. */
  readonly salt: string;
  /** Only those whose title has it. Default: all that have a number. */
  readonly only?: string;
  /** The relay's own URL, where it is not the one to connect to. */
  readonly relayUrl?: string;
}

/** A conversation that holds only with certain settings says so in its title. */
const NEEDS_SETTINGS = "(settings of the tests)";

/** The NIPs that not every relay has, and the beginning of their numbers. */
const optional: Readonly<Record<string, number>> = {
  NIP40: 40,
  NIP42: 42,
  NIP45: 45,
  NIP50: 50,
  NIP59: 59,
  NIP62: 62,
  NIP67: 67,
  NIP70: 70,
  NIP91: 91,
  NEG: 77,
};

/** The NIPs that the relay says it supports; undefined where it says nothing. */
async function supportedNips(url: string): Promise<ReadonlySet<number> | undefined> {
  try {
    const headers = { accept: "application/nostr+json" };
    const response = await fetch(url.replace(/^ws/, "http"), { headers });
    const { supported_nips } = await response.json();
    return Array.isArray(supported_nips) ? new Set(supported_nips) : undefined;
  } catch {
    return undefined;
  }
}

/** Holds all conversations about what the relay supports, one after the other. */
export async function* conformance(url: string, options: ConformanceOptions): AsyncGenerator<Held> {
  const { salt, only, relayUrl = url } = options;
  const supported = await supportedNips(url);
  const isSupported = (title: string) =>
    Object.entries(optional).every(([prefix, nip]) =>
      !title.includes(`${prefix}-`) || supported === undefined || supported.has(nip)
    );
  for (const [place, { text }] of conversationFiles().entries()) {
    const surroundings = { relayUrl, nowS: Date.now() / 1_000, salt: `${salt}f${place}c` };
    for (const conversation of foreignConversations(text, surroundings)) {
      const { title } = conversation;
      if (!/\b(?:NIP\d\d|NEG|X)-\d\d\b/.test(title) || title.includes(NEEDS_SETTINGS)) continue;
      if (!isSupported(title)) continue;
      if (only !== undefined && !title.includes(only)) continue;
      yield { title, difference: await differenceOf(conversation, url) };
    }
  }
}

async function differenceOf(
  conversation: Parameters<typeof converse>[0],
  url: string,
): Promise<string | undefined> {
  try {
    await using exchange = new ForeignExchange(url);
    await converse(conversation, exchange);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

if (import.meta.main) {
  const { positionals: [url], values } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { only: { type: "string" } },
  });
  if (url === undefined) {
    console.error("deno task conformance ws://HOST:PORT [--only NIP01]");
    Deno.exit(2);
  }
  let failed = 0;
  let all = 0;
  const salt = crypto.randomUUID().slice(0, 8);
  const only = values.only === undefined ? {} : { only: values.only };
  for await (const { title, difference } of conformance(url, { salt, ...only })) {
    all++;
    if (difference !== undefined) failed++;
    console.log(difference === undefined ? `ok      ${title}` : `differs ${title}\n${difference}`);
  }
  console.log(`${all - failed} of ${all} conversations held`);
  Deno.exit(failed === 0 ? 0 : 1);
}
