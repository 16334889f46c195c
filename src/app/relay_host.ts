/**
 * One relay with everything it runs on: the rooms that must not know each other meet here.
 *
 * @module
 */

import { CountingLog } from "../base/counting_log.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { managementRoute } from "../http/routes/management.ts";
import { canonicalIp } from "../net/address/ip_address.ts";
import { describeError } from "../net/guard.ts";
import { POLICY_VIOLATION } from "../relay/close_codes.ts";
import { createHttp, type HttpHandler, type HttpRoute } from "../http/router.ts";
import { clientKey } from "../net/server/admission.ts";
import type { ConnectionEvents } from "../net/connection.ts";
import { handshakeOf } from "./network/handshake.ts";
import type { Ending } from "../net/ending.ts";
import { endingKind, type NetCounters } from "../net/server/net_counters.ts";
import type { Policy } from "../relay/access/policy.ts";
import { Management } from "../relay/access/management.ts";
import { RuleBook } from "../relay/access/rules.ts";
import type { Handshake } from "../relay/access/client.ts";
import type { Peer } from "../relay/peer.ts";
import { Relay } from "../relay/relay.ts";
import { BatchWriter, defaultBatchLimits } from "../store/write/batch_writer.ts";
import type { RelayInformation } from "../http/routes/relay_information.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { PoolStats, StoredEvent } from "../store/event_store.ts";
import type { TidyStore } from "../store/write/upkeep.ts";
import { admins, privateKinds, relayPolicies } from "./access/access_policies.ts";
import { Closing } from "./closing.ts";
import { Housekeeper } from "./database/housekeeper.ts";
import { type Plugin, startPlugins } from "./plugins/plugin.ts";
import { relayInformation } from "./information.ts";
import { memoryLimitBytes, usedMemoryBytes } from "./system/memory_limit.ts";
import { admissionLimits } from "./network/network_options.ts";
import { relayLimits } from "./relay_limits.ts";
import { RelayFetch } from "./network/relay_fetch.ts";
import { RelaySockets } from "./network/relay_sockets.ts";
import { retentionRules } from "./database/retention_rules.ts";
import type { Settings } from "./settings/setting_list.ts";
import { sha256, sha256OfText } from "./system/sha256.ts";
import { type Trust, trustOf } from "./access/trust.ts";
import { withWindow } from "./database/open_store.ts";
import { systemRandom } from "./system/system_random.ts";
import { createVerifier, type OwnedVerifier } from "./verifier.ts";

/** What a relay is set to and what it runs on. */
export interface RelayHostOptions {
  readonly settings: Settings;
  /** Closed with the relay. */
  readonly store: TidyStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked after those that the settings ask for. */
  readonly policies?: readonly Policy[];
}

/** A connection of `net`, of either kind. */
export interface Transport extends Peer {
  /** Begins to hear. */
  start(events: ConnectionEvents): void;
  /** Ends it on the spot. */
  terminate(): void;
}

/** How much of the time for closing the connections may take before they are cut off. */
const CONNECTIONS_SHARE = 0.6;

/** When, as a share of that time, the database is closed, whether or not it has answered what it was asked. */
const WRITING_SHARE = 0.75;

/** How long the health check lets the store think, milliseconds. */
const HEALTH_TIMEOUT_MS = 2_000;

/** An id that no event has: to look for it is the cheapest question that reaches the store. */
const NO_EVENT = "0".repeat(64);

/**
 * A relay, its sockets, its store and its threads, from start to end.
 */
export class RelayHost {
  readonly relay: Relay;
  /** What the operator has decided one by one. */
  readonly rules = new RuleBook();
  /** Answers plain HTTP requests. */
  readonly http: HttpHandler;
  readonly #options: RelayHostOptions;
  readonly #sockets: RelaySockets;
  readonly #fetch: RelayFetch;
  readonly #relayLog: CountingLog;
  readonly #plugins: readonly Plugin[];
  readonly #trust: Trust | undefined;
  readonly #writer: BatchWriter;
  readonly #verifier: OwnedVerifier;
  readonly #connections = new Set<Transport>();
  readonly #closed = new AbortController();
  #housekeeper: Housekeeper | undefined;
  #rulesRead: "done" | "reading" | "again" = "done";

  constructor(options: RelayHostOptions, verifier: OwnedVerifier) {
    const { settings, store, clock, log } = options;
    this.#options = options;
    this.#verifier = verifier;
    const { perClient } = admissionLimits(settings);
    const timeoutMs = settings.database.write_timeout_ms;
    this.#writer = new BatchWriter(store, defaultBatchLimits, { clock, timeoutMs });
    this.#relayLog = new CountingLog({ log, clock });
    this.#trust = trustOf(settings);
    this.#plugins = startPlugins(settings, { clock, log: this.#relayLog });
    this.relay = new Relay({
      store,
      writer: this.#writer,
      verifier,
      clock,
      // What a peer can cause again and again must not fill a disk.
      log: this.#relayLog,
      limits: relayLimits(settings),
      memory: {
        maxBytes: memoryLimitBytes(settings.limits.max_memory_mb),
        usedBytes: usedMemoryBytes,
      },
      hashSeed: new DataView(systemRandom.bytes(4).buffer).getUint32(0),
      clientOf: (address) => clientKey(address, perClient),
      ...settings.relay.url !== "" && { relayUrl: settings.relay.url },
      random: systemRandom,
      policies: [
        ...relayPolicies({ settings, clock, rules: this.rules, trust: this.#trust }),
        ...this.#plugins.map(({ policy }) => policy),
        ...options.policies ?? [],
      ],
      privateKinds: privateKinds(settings),
      hashText: sha256OfText,
      sha256,
    });
    this.http = createHttp({
      information: () => this.information(),
      healthy: () => this.#trouble(),
      path: settings.network.path,
      routes: this.#managementRoutes(options, verifier),
      ...settings.relay.url === "" ? {} : { relayUrl: settings.relay.url },
    });
    this.#sockets = new RelaySockets({
      settings,
      clock,
      log,
      onConnection: (connection, info) => this.accept(connection, handshakeOf(info)),
      onRequest: this.http,
    });
    const { gates, counters, proxies } = this.#sockets;
    this.#fetch = new RelayFetch({
      ...{ settings, clock, log, gates, counters, http: this.http },
      forwarded: proxies.forwarded,
      accept: (connection, handshake) => this.accept(connection, handshake),
    });
  }

  /**
   * Starts the threads and joins the rooms. Nothing listens yet. Rejects when settings that were each
   * well formed cannot be followed: a network that is none, a certificate that cannot be read.
   */
  static async start(options: RelayHostOptions): Promise<RelayHost> {
    const verifier = await createVerifier(options.settings.signatures, options.log);
    try {
      const store = withWindow(options.store, options.settings, options.clock);
      const host = new RelayHost({ ...options, store }, verifier);
      await host.#readRules();
      const onRulesChanged = () => void host.#readRules();
      await store.feed.start({ ...options, onRulesChanged });
      void host.#trust?.start({ ...options, store });
      host.#housekeeper = new Housekeeper({
        ...options,
        store,
        rules: retentionRules(options.settings),
        onRemoved: (ids) => host.relay.forget(ids),
        sweepIntervalMs: options.settings.retention.sweep_interval_s * 1000,
      });
      return host;
    } catch (error) {
      verifier.close();
      throw error;
    }
  }

  /** What the database's connections do; undefined where there is but one. */
  get poolStats(): PoolStats | undefined {
    return this.#options.store.stats;
  }

  /** What happened at the sockets, of all addresses together. */
  get netCounters(): NetCounters {
    return this.#sockets.counters;
  }

  /** Stored events, for the program itself. */
  query(filters: readonly ReqFilter[]): AsyncIterable<readonly StoredEvent[]> {
    return this.#options.store.query(filters);
  }

  /** What the relay says of itself. */
  information(): RelayInformation {
    return relayInformation(this.#options.settings, this.relay.access.information, this.rules);
  }

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Calls back when the relay is closed, unless what it gives is called before. */
  onClosed(callback: () => void): () => void {
    this.#closed.signal.addEventListener("abort", callback, { once: true });
    return () => this.#closed.signal.removeEventListener("abort", callback);
  }

  /** Accepts connections at `address` and says at which URL. Rejects when it cannot be had. */
  listen(address: string): Promise<string> {
    return this.#sockets.listen(address);
  }

  /** Answers a request that a server of somebody else's received from `address`. */
  fetch(request: Request, address: string): Promise<Response> {
    return this.#fetch.answer(request, address);
  }

  /** Takes over certificates that have changed. */
  reloadCertificates(): void {
    this.#sockets.reloadCertificates();
  }

  /** Takes a connection that nobody reads from yet, whatever transport it is of. */
  accept(connection: Transport, handshake: Handshake): void {
    const session = this.relay.connect(connection, handshake);
    this.#connections.add(connection);
    connection.start({
      messages: (batch) => session.messages(batch),
      drained: () => session.drained(),
      closed: (ending) => {
        this.#connections.delete(connection);
        this.#sockets.counters.ended[endingKind(ending)]++;
        this.#logEnding(connection.address, ending);
        session.closed();
      },
    });
  }

  /**
   * Ends everything in order: no new connections, answers to what was received, close frames, what is
   * queued for the store, the store. Connections that take too long are cut off.
   */
  async close(): Promise<void> {
    const { settings, clock, log, store } = this.#options;
    this.#closed.abort();
    const timeoutMs = settings.network.shutdown_timeout_ms;
    const closing = new Closing({ clock, log, timeoutMs });
    const gone = this.#sockets.close();
    const deadline = clock.after(timeoutMs * CONNECTIONS_SHARE, () => {
      log.warn("connections cut off at the shutdown deadline", { count: this.#connections.size });
      for (const connection of this.#connections) connection.terminate();
    });
    await closing.step("connections", this.relay.shutdown().then(() => gone));
    deadline.cancel();
    await closing.step("writing", this.#writer.close(), WRITING_SHARE);
    this.#trust?.close();
    await closing.step("housekeeping", this.#housekeeper?.close(), WRITING_SHARE);
    this.#verifier.close();
    for (const plugin of this.#plugins) plugin.close();
    await closing.step("database", store.close());
    this.#relayLog.close();
  }

  /** None where nobody may call. */
  #managementRoutes(
    { settings, store, clock }: RelayHostOptions,
    verifier: OwnedVerifier,
  ): readonly HttpRoute[] {
    const keys = admins(settings);
    if (keys.size === 0) return [];
    const management = new Management({
      rules: this.rules,
      store,
      clock,
      readIp: canonicalIp,
      onChanged: () => this.#enforceRules(),
    });
    return [managementRoute({
      admins: keys,
      call: async (method, params, who) => {
        try {
          return await management.call(method, params, who);
        } catch (error) {
          this.#relayLog.error("management failed", { method, error: describeError(error) });
          return { error: "the database does not answer, nothing was changed" };
        }
      },
      verifier,
      clock,
      hashText: sha256OfText,
      hashBytes: (bytes) => sha256(bytes).toHex(),
      ...settings.relay.url !== "" && { relayUrl: settings.relay.url },
    })];
  }

  /** Takes over what the operator has decided, here or in another instance. */
  async #readRules(): Promise<void> {
    // A change that is told while the rules are read may not be among them yet.
    if (this.#rulesRead !== "done") return void (this.#rulesRead = "again");
    try {
      do {
        this.#rulesRead = "reading";
        this.rules.replace(await this.#options.store.rules());
      } while (this.#hasToReadAgain);
      this.#enforceRules();
    } catch (error) {
      this.#relayLog.error("the operator's rules cannot be read", { error: describeError(error) });
    } finally {
      this.#rulesRead = "done";
    }
  }

  get #hasToReadAgain(): boolean {
    return this.#rulesRead === "again";
  }

  /** Ends the connections of addresses that are blocked now. */
  #enforceRules(): void {
    for (const connection of this.#connections) {
      if (!this.rules.has("blocked-ip", connection.address)) continue;
      connection.close(POLICY_VIOLATION, "blocked: this address is blocked");
    }
  }

  #logEnding(address: string, { cause, code, reason, clean }: Ending): void {
    this.#options.log.debug("connection ended", { address, cause, code, reason, clean });
  }

  /** What keeps the relay from serving, if anything does. */
  async #trouble(): Promise<string | undefined> {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
    try {
      const filter = { ids: new Set([NO_EVENT]), tags: new Map(), limit: 1 };
      for await (const _ of this.#options.store.query([filter], { signal }));
      return this.relay.cannotWrite ? "events cannot be stored" : undefined;
    } catch {
      return this.relay.cannotWrite
        ? "the database does not answer, neither to questions nor to events"
        : "the database does not answer";
    }
  }
}
