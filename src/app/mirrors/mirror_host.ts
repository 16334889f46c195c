/**
 * This relay, as the mirrors and the relays of relay lists may see it.
 *
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import { reasonText } from "../../nostr/reason.ts";
import { ConnectedClient } from "../../relay/access/client.ts";
import { isProtected } from "../../relay/access/protected.ts";
import type { Relay } from "../../relay/relay.ts";
import type { QueryOptions } from "../../store/event_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { type MirrorHost, nameOf } from "../../sync/mirror.ts";
import { sha256 } from "../system/sha256.ts";
import { systemRandom } from "../system/system_random.ts";
import type { MirrorSettings } from "./mirror_plans.ts";

/** What other relays are shown of. */
export interface MirrorContext {
  readonly relay: Relay;
  readonly store: Pick<TidyStore, "identify" | "query">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * This relay, as the other one may see it.
 *
 * @param isFound whether the other one is none of the settings: then the log is not told what it may see
 */
export function mirrorHost(
  settings: Pick<MirrorSettings, "url" | "private">,
  { relay, store, clock, log }: MirrorContext,
  isFound = false,
): MirrorHost {
  const source = { client: `mirror ${settings.url}`, connection: {} };
  // Whoever connects without AUTH.
  const anyone = new ConnectedClient("mirror");
  // Asked for each time: which kinds are private may change.
  const reader = () =>
    settings.private
      ? { privateKinds: new Set<number>(), keys: anyone.keys }
      : relay.access.readerOf(anyone);
  let isTold = isFound;
  return {
    ...{ sha256, clock, random: systemRandom, log },
    take: (event) => relay.publishFrom({ url: settings.url, source }, event),
    listen: (filter, onEvent) => relay.listen([filter], onEvent),
    async readable(filter) {
      if (settings.private) return [filter];
      const asked = { verb: "NEG-OPEN", filters: [filter], client: anyone } as const;
      const decided = await relay.access.request({ ...asked, nowMs: clock.nowMs() });
      if (!("prefix" in decided)) return decided;
      const fields = { url: nameOf(settings.url), reason: reasonText(decided) };
      if (!isTold) log.warn("mirror may see nothing of this relay", fields);
      isTold = true;
      return [];
    },
    identify: (filters, signal) =>
      filters.length === 0
        ? nothing()
        : store.identify(filters, { reader: reader(), signal, source }),
    missing: (ids, signal) => missingIn(store, ids, { signal, source }),
    read: (ids, signal) => storedEvents(store, byIds(ids), { signal, source }),
    // NIP-70: protected events are published by their authors alone.
    maySend: (event) =>
      !isProtected(event.tags) && (settings.private || relay.access.mayReceive(event, anyone)),
  };
}

async function* nothing(): AsyncGenerator<never, void> {}

/** A filter for the events with these ids. */
export function byIds(ids: Iterable<string>): ReqFilter {
  return { ids: new Set(ids), tags: new Map() };
}

/** Those of the ids that the store does not have. */
export async function missingIn(
  store: Pick<TidyStore, "identify">,
  ids: readonly string[],
  options: QueryOptions,
): Promise<readonly string[]> {
  const missing = new Set(ids);
  for await (const rows of store.identify([byIds(ids)], options)) {
    for (const { id } of rows) missing.delete(id);
  }
  return [...missing];
}

/** The stored events that match a filter, parsed. */
export async function* storedEvents(
  store: Pick<TidyStore, "query">,
  filter: ReqFilter,
  options: QueryOptions,
): AsyncGenerator<readonly NostrEvent[], void> {
  for await (const rows of store.query([filter], options)) {
    const events = rows.map(({ json }) => parseEvent(parseJson(utf8Decode(json)!)));
    yield events.filter((event): event is NostrEvent => !("reason" in event));
  }
}
