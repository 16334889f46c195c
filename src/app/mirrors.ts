/**
 * Runs the mirrors of the settings: connections to other relays that exchange events all the time.
 *
 * @module
 */

import { utf8Decode } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { sleep } from "../base/sleep.ts";
import { type Rate, TokenBucket } from "../base/token_bucket.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { parseJson } from "../nostr/json.ts";
import { parseEvent } from "../nostr/parse_event.ts";
import { reasonText } from "../nostr/reason.ts";
import { ConnectedClient } from "../relay/access/client.ts";
import { isProtected } from "../relay/access/protected.ts";
import type { Relay } from "../relay/relay.ts";
import { Mirror, type MirrorHost, nameOf, type Taken } from "../sync/mirror.ts";
import { MirrorLink } from "../sync/mirror_link.ts";
import type { QueryOptions } from "../store/event_store.ts";
import type { TidyStore } from "../store/write/upkeep.ts";
import type { MirrorSettings, PlannedMirror } from "./mirror_plans.ts";
import { sha256 } from "./system/sha256.ts";
import { systemRandom } from "./system/system_random.ts";
import { LastingRemote } from "./transfer/lasting_remote.ts";
import type { UntrustedRelay } from "./transfer/untrusted_relay.ts";

interface MirrorsOptions {
  readonly relay: Relay;
  readonly store: Pick<TidyStore, "identify" | "query">;
  readonly clock: Clock;
  readonly log: Log;
  /** Given for relays that strangers have named. */
  readonly found?: FoundMirrors;
}

/** How mirrors are treated that are not in the settings. */
interface FoundMirrors {
  readonly untrusted: UntrustedRelay;
  /** How many events are taken from each. */
  readonly events: Rate;
  /** Called with what became of each event. */
  readonly onTaken: (taken: Taken) => void;
}

/** The mirrors of one relay. */
export class Mirrors {
  readonly #options: MirrorsOptions;
  #running: readonly RunningMirror[] = [];
  /** Mirrors that are no longer in the settings, while their connections end. */
  readonly #ending = new Set<Promise<void>>();

  /** Connects to all of them. */
  constructor(plans: readonly PlannedMirror[], options: MirrorsOptions) {
    this.#options = options;
    this.update(plans);
  }

  /** What is known of each, for figures. */
  get all(): readonly Mirror[] {
    return this.#running.map(({ mirror }) => mirror);
  }

  /** Connects to those that are new, and ends those that are gone. One with the same table goes on. */
  update(plans: readonly PlannedMirror[]): void {
    const before = [...this.#running];
    const kept = plans.map((planned) => {
      const at = before.findIndex(({ table }) => table === tableOf(planned));
      return at === -1 ? undefined : before.splice(at, 1)[0];
    });
    // Those that end come first: a changed table is one of each.
    for (const gone of before) this.#end(gone);
    this.#running = plans.map((planned, at) =>
      kept[at] ?? new RunningMirror(planned, this.#options)
    );
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.update([]);
    await Promise.all(this.#ending);
  }

  #end(gone: RunningMirror): void {
    const ending = gone.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/** The table of a mirror as text, to compare it with others. */
function tableOf({ settings }: PlannedMirror): string {
  return JSON.stringify(settings);
}

/** One mirror with its connection. */
class RunningMirror {
  readonly mirror: Mirror;
  readonly table: string;
  readonly #lasting: LastingRemote;
  readonly #stopped = new AbortController();

  constructor(planned: PlannedMirror, options: MirrorsOptions) {
    const { settings, plan } = planned;
    const { clock, log, found } = options;
    this.table = tableOf(planned);
    const whole = mirrorHost(settings, options);
    const host = found === undefined ? whole : this.#limited(whole, found);
    const mirror = new Mirror(plan, host);
    mirror.start();
    this.mirror = mirror;
    this.#lasting = new LastingRemote({
      ...{ url: plan.url, clock, random: systemRandom, log },
      maxDelayMs: plan.limits.maxRetryMs,
      untrusted: found?.untrusted,
      open: (connection) => {
        const link = new MirrorLink(mirror, host, connection);
        mirror.connected();
        return {
          receive: (text) => link.receive(text),
          closed: (why) => link.closed(why),
          done: link.run(),
        };
      },
      away: (why) => mirror.away(why),
    });
  }

  async close(): Promise<void> {
    this.mirror.stop();
    this.#stopped.abort();
    await this.#lasting.stop();
  }

  /** Has events wait for their turn: rates of clients and keys do not hold for what comes so. */
  #limited(host: MirrorHost, { events, onTaken }: FoundMirrors): MirrorHost {
    const { clock } = host;
    const bucket = new TokenBucket(events, clock.monotonicMs());
    const { signal } = this.#stopped;
    return {
      ...host,
      async take(event) {
        await sleep(bucket.spend(1, clock.monotonicMs()), clock, signal);
        if (signal.aborted) return { accepted: false };
        const taken = await host.take(event);
        onTaken(taken);
        return taken;
      },
    };
  }
}

/** This relay, as the other one may see it. */
export function mirrorHost(
  settings: Pick<MirrorSettings, "url" | "private">,
  options: MirrorsOptions,
): MirrorHost {
  const { relay, store, clock, log } = options;
  const source = { client: `mirror ${settings.url}`, connection: {} };
  // Whoever connects without AUTH.
  const anyone = new ConnectedClient("mirror");
  // Asked for each time: which kinds are private may change.
  const reader = () =>
    settings.private
      ? { privateKinds: new Set<number>(), keys: anyone.keys }
      : relay.access.readerOf(anyone);
  let isTold = options.found !== undefined;
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

function byIds(ids: Iterable<string>): ReqFilter {
  return { ids: new Set(ids), tags: new Map() };
}

async function missingIn(
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
