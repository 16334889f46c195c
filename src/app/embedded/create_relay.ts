/**
 * The API for programs that embed the relay.
 *
 * @module
 */

import { type Log, silentLog } from "../../base/log.ts";
import { withPatternsChecked } from "../settings/banned_patterns.ts";
import { loadSettings, problemLine } from "../settings/load_settings.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { Counters } from "../../relay/counters.ts";
import { relayInformationJson } from "../../http/routes/relay_information.ts";
import { type Filter, LocalClient, type Published } from "./local_client.ts";
import type { Policy } from "../../relay/access/policy.ts";
import { ownPublicKey } from "../own_key.ts";
import { ADDRESS_SECRET_BYTES, showingAddresses } from "../log_addresses.ts";
import type { Settings } from "../settings/setting_list.ts";
import { systemRandom } from "../system/system_random.ts";
import { systemClock } from "../system/system_clock.ts";

/** Options of {@link createRelay}. */
export interface CreateRelayOptions {
  /**
   * Settings by full name, as in `config.toml`: `{ "limits.max_limit": 200 }`. Others have their
   * defaults.
   */
  readonly settings?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Where the relay logs. Default: nowhere. */
  readonly log?: Log;
  /** Policies of the host, asked after those that the settings ask for. */
  readonly policies?: readonly Policy[];
}

/** Where a request came from, as `Deno.serve` tells its handler. */
export interface RequestOrigin {
  /** The remote address of the request. */
  readonly remoteAddr: Deno.Addr;
}

/** A relay inside another program. */
export interface EmbeddedRelay {
  /**
   * Answers a request of the host's own server: NIP-11, the landing page, or an upgrade on the
   * runtime's WebSocket. That transport is reduced: it cannot ping, hold back reading, or drop a
   * peer that does not read. Prefer {@link listen} where the host allows it.
   */
  fetch(request: Request, origin?: RequestOrigin): Promise<Response>;
  /**
   * Accepts connections at `HOST:PORT` or `unix:/path`, after `tls:` for TLS, and returns the URL.
   */
  listen(address: string): Promise<string>;
  /**
   * Checks and stores an event of the host, and sends it to matching subscriptions. Never rejects.
   */
  publish(event: NostrEvent): Promise<Published>;
  /**
   * The stored events that match any of the filters, newest first, each once. Nothing is hidden
   * from the host. Throws a TypeError for an invalid filter.
   */
  query(filters: readonly Filter[]): AsyncIterable<NostrEvent>;
  /**
   * Events that match any of the filters, from now until the loop over them ends. Throws a
   * TypeError for an invalid filter, and a RangeError when more than 10,000 events wait to be read.
   */
  subscribe(filters: readonly Filter[]): AsyncIterable<NostrEvent>;
  /** The relay information document (NIP-11), with the field names of the NIP. */
  information(): Readonly<Record<string, unknown>>;
  /** Counters since the start; they only grow. */
  readonly counters: Readonly<Counters>;
  /** Closes all connections and the store. */
  close(): Promise<void>;
}

/**
 * Creates a relay inside a host program. Rejects with a TypeError that names each mistake in the
 * settings, and with `StoreUnavailable` if the database cannot be opened.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { createRelay } from "./create_relay.ts";
 *
 * const relay = await createRelay({
 *   settings: { "database.url": "memory:", "relay.name": "embedded", "signatures.workers": 0 },
 * });
 * const headers = { Accept: "application/nostr+json" };
 * const response = await relay.fetch(new Request("http://localhost/", { headers }));
 * equal((await response.json()).name, "embedded");
 * await relay.close();
 * ```
 */
export async function createRelay(options: CreateRelayOptions = {}): Promise<EmbeddedRelay> {
  const settings = await settingsOf(options.settings ?? {});
  const log = options.log === undefined ? silentLog : showingAddresses(options.log, {
    addresses: settings.log.addresses,
    secret: systemRandom.bytes(ADDRESS_SECRET_BYTES),
  });
  const self = await ownPublicKey(settings, log);
  // Imported late: the program imports this module, too, and most of its commands run no relay.
  const { openStore } = await import("../database/open_store.ts");
  const { RelayHost } = await import("../relay_host.ts");
  const store = await openStore(settings, log);
  const { policies = [] } = options;
  const host = await RelayHost.start({ settings, store, clock: systemClock, log, policies, self });
  const local = new LocalClient(host, settings);
  return {
    publish: (event) => local.publish(event),
    query: (filters) => local.query(filters),
    subscribe: (filters) => local.subscribe(filters),
    information: () => JSON.parse(relayInformationJson(host.information())),
    counters: host.relay.counters,
    // Read at once: the runtime forgets the address after the request.
    fetch: (request, origin) => host.fetch(request, addressOf(origin)),
    listen: (address) => host.listen(address),
    close: () => host.close(),
  };
}

async function settingsOf(
  values: NonNullable<CreateRelayOptions["settings"]>,
): Promise<Settings> {
  const flags = Object.entries(values).map(([name, value]) => ({
    flag: "settings",
    name,
    text: typeof value === "object" ? value : String(value),
  }));
  const loaded = await withPatternsChecked(loadSettings({ flags }));
  if ("settings" in loaded) return loaded.settings;
  throw new TypeError(loaded.problems.map(problemLine).join("\n"));
}

function addressOf(origin: RequestOrigin | undefined): string {
  const address = origin?.remoteAddr;
  return address !== undefined && "hostname" in address ? address.hostname : "unix";
}
