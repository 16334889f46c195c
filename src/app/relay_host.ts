/**
 * Assembles a relay from sessions, listeners, store, verifier and plugins, and shuts it down.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/error_text.ts";
import type { Log } from "../base/log.ts";
import type { MakeBuckets } from "../base/token_buckets.ts";
import type { HttpHandler } from "../http/router.ts";
import { clientKey, type GateCounts } from "../net/server/admission.ts";
import { handshakeOf } from "./network/handshake.ts";
import { endingKind, type NetCounters } from "../net/server/net_counters.ts";
import type { Policy } from "../relay/access/policy.ts";
import { RuleBook } from "../relay/access/rules.ts";
import { Relay } from "../relay/relay.ts";
import { WindowStore } from "../store/window/window_store.ts";
import { BatchWriter, defaultBatchLimits } from "../store/write/batch_writer.ts";
import type { RelayInformation } from "../http/routes/relay_information.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { Erasure, PoolStats, StoredEvent } from "../store/event_store.ts";
import type { Mirror } from "../sync/mirror.ts";
import type { TidyStore } from "../store/write/upkeep.ts";
import type { Activity } from "./activity/activity.ts";
import type { ActivityMeter } from "./activity/activity_meter.ts";
import { admins, privateKinds } from "./access/access_policies.ts";
import { LivePolicies } from "./access/live_policies.ts";
import { Shutdown } from "./shutdown.ts";
import { Housekeeper } from "./database/housekeeper.ts";
import { type Plugin, startPlugins } from "./plugins/plugin.ts";
import { relayInformation } from "./information.ts";
import { memoryLimitBytes, usedMemoryBytes } from "./system/memory_limit.ts";
import { admissionLimits } from "./network/network_options.ts";
import { type EndedTransport, RelayConnections } from "./relay_connections.ts";
import { relayLimits } from "./relay_limits.ts";
import { hostHttp, relayUrlOf } from "./host_http.ts";
import { HostLogs, inPart } from "./host_logs.ts";
import { RelayFetch } from "./network/relay_fetch.ts";
import { RelaySockets } from "./network/relay_sockets.ts";
import { retentionRules, sweepIntervalMs } from "./database/retention_rules.ts";
import { policiesOfModules } from "./plugins/policy_modules.ts";
import type { Settings } from "./settings/setting_list.ts";
import { sha256, sha256OfText } from "./system/sha256.ts";
import { Exchanges } from "./mirrors/exchanges.ts";
import { plannedMirrors } from "./mirrors/mirror_plans.ts";
import type { RelayListExchange } from "./mirrors/relay_list_exchange.ts";
import type { Fetch } from "./access/member_domains.ts";
import { withWindow } from "./database/open_store.ts";
import { heldBack } from "./held_back.ts";
import type { ServedRelay } from "./served_relay.ts";
import { systemRandom } from "./system/system_random.ts";
import { turnOf } from "./system/turn_of.ts";
import { createVerifier, type OwnedVerifier } from "./verifier.ts";

interface RelayHostOptions {
  readonly settings: Settings;
  /** Closed with the relay. */
  readonly store: TidyStore;
  readonly clock: Clock;
  readonly log: Log;
  /** The relay's own public key; none by default. */
  readonly self?: string | undefined;
  /** Asked after the policies that the settings ask for. */
  readonly policies?: readonly Policy[];
  /** Default: the runtime's. */
  readonly fetch?: Fetch;
  /**
   * Whether it does what one of several relays does for all of them: it removes expired events and
   * those that are not to be kept, and runs the mirrors. Default: true.
   */
  readonly isFirst?: boolean;
  /** Where connections and requests are counted. Default: in this thread alone. */
  readonly gateCounts?: GateCounts;
  /** Default: rates hold in this thread alone. */
  readonly makeBuckets?: MakeBuckets;
}

/** What is loaded before a {@link RelayHost} is made. */
interface LoadedParts {
  readonly verifier: OwnedVerifier;
  readonly rules: RuleBook;
  /** The policies of the settings. */
  readonly ofSettings: LivePolicies;
  /** The policies of `plugins.modules`. */
  readonly ofModules: readonly Policy[];
}

/** The share of the shutdown time after which connections are terminated. */
const CONNECTIONS_SHARE = 0.6;

/** The share of the shutdown time after which the database is closed, even with queries pending. */
const WRITING_SHARE = 0.75;

/** A relay with its listeners, store and threads. */
export class RelayHost implements ServedRelay {
  readonly relay: Relay;
  /** The rules changed at run time through the management API. */
  readonly rules: RuleBook;
  /** Answers HTTP requests that are no upgrade. */
  readonly http: HttpHandler;
  readonly connections: RelayConnections;
  readonly #options: RelayHostOptions;
  readonly #sockets: RelaySockets;
  readonly #fetch: RelayFetch;
  /** What it logs, and remembers of it. */
  readonly logs: HostLogs;
  readonly #plugins: readonly Plugin[];
  readonly #ofSettings: LivePolicies;
  /** The policies of programs, of modules and of the host program, asked in this order. */
  readonly #otherPolicies: readonly Policy[];
  readonly #writer: BatchWriter;
  readonly #verifier: OwnedVerifier;
  /** Undefined while nobody looks. */
  #meter: ActivityMeter | undefined;
  readonly #closed = new AbortController();
  /** The settings in use. */
  #settings: Settings;
  /** Its limit changes with the settings. */
  readonly #memory: { maxBytes: number; readonly usedBytes: () => number };
  /** Who may manage the relay. */
  #admins: ReadonlySet<string>;
  #housekeeper: Housekeeper | undefined;
  /** Undefined where another thread exchanges events. */
  #exchanges: Exchanges | undefined;
  #rulesRead: "done" | "reading" | "again" = "done";

  constructor(options: RelayHostOptions, loaded: LoadedParts) {
    const { verifier, rules, ofSettings, ofModules } = loaded;
    const { settings, store, clock, log } = options;
    this.#options = options;
    this.#settings = settings;
    this.#memory = {
      maxBytes: memoryLimitBytes(settings.limits.max_memory_mb),
      usedBytes: usedMemoryBytes,
    };
    this.#admins = admins(settings);
    this.#verifier = verifier;
    this.rules = rules;
    this.#ofSettings = ofSettings;
    const { perClient } = admissionLimits(settings);
    const timeoutMs = settings.database.write_timeout_ms;
    this.#writer = new BatchWriter(store, defaultBatchLimits, { clock, timeoutMs });
    this.logs = new HostLogs(options);
    this.#plugins = startPlugins(settings, { clock, log: inPart(this.logs.relay, "plugins") });
    this.#otherPolicies = [
      ...this.#plugins.map(({ policy }) => policy),
      ...ofModules,
      ...options.policies ?? [],
    ];
    this.relay = this.#createRelay();
    const { relay } = this;
    this.connections = new RelayConnections({
      ...{ relay, clock },
      onEnded: (ended) => this.#onEnded(ended),
    });
    this.http = hostHttp({
      ...{ store, clock, verifier, rules, relay, log: this.logs.relay },
      settings: () => this.#settings,
      admins: () => this.#admins,
      information: () => this.information(),
      isClosed: () => this.isClosed,
      onRulesChanged: () => this.connections.closeBlocked(rules),
    });
    const ofNet = { settings, clock, log: inPart(log, "net") };
    this.#sockets = new RelaySockets({
      ...ofNet,
      onConnection: (connection, info) => this.connections.accept(connection, handshakeOf(info)),
      onRequest: this.http,
      onRefused: (address, why) =>
        this.logs.noteRefusedConnection(clientKey(address, perClient) ?? address, why),
      gateCounts: options.gateCounts,
    });
    const { gates, counters, proxies, advice } = this.#sockets;
    this.#fetch = new RelayFetch({
      ...{ ...ofNet, gates, counters, advice, http: this.http },
      forwarded: proxies.forwarded,
      accept: (connection, handshake) => this.connections.accept(connection, handshake),
    });
  }

  /**
   * Starts the threads and reads the rules; {@link listen} comes later. Rejects if well-formed
   * settings cannot be used: an invalid network, an unreadable certificate.
   */
  static async start(options: RelayHostOptions): Promise<RelayHost> {
    const { settings, log, clock } = options;
    const ofModules = await policiesOfModules(settings.plugins.modules, inPart(log, "plugins"));
    // Tells what is wrong before anything runs.
    if (options.isFirst !== false) await plannedMirrors(settings);
    const verifier = await createVerifier(settings, log);
    try {
      const store = withWindow(options.store, settings, clock);
      const rules = new RuleBook();
      const { makeBuckets, fetch: ask = fetch } = options;
      const context = { store, clock, log: inPart(log, "access"), rules, makeBuckets, fetch: ask };
      const ofSettings = await LivePolicies.open(settings, context);
      const parts = { verifier, rules, ofSettings, ofModules };
      const host = new RelayHost({ ...options, store }, parts);
      await host.readRules();
      const onRulesChanged = () => void host.readRules();
      const onErased = ({ ids }: Erasure) => host.relay.forget(ids);
      const ofStore = { ...options, log: inPart(log, "store") };
      await store.feed.start({ ...ofStore, onRulesChanged, onErased });
      // Members that come back at once are not to be refused.
      await ofSettings.start();
      if (options.isFirst !== false) {
        host.#housekeeper = new Housekeeper({
          ...ofStore,
          store,
          rules: retentionRules(settings),
          onRemoved: (ids) => host.relay.forget(ids),
          sweepIntervalMs: sweepIntervalMs(settings),
        });
        const ofSync = { clock, store, relay: host.relay, log: inPart(log, "sync") };
        host.#exchanges = new Exchanges(ofSync);
        (await host.#exchanges.prepare(settings))();
      }
      return host;
    } catch (error) {
      verifier.close();
      throw error;
    }
  }

  /** The use of the connection pool; undefined if the store has none. */
  get poolStats(): PoolStats | undefined {
    return this.#options.store.stats;
  }

  /** How many pieces of work wait, and for what. */
  get queueLengths(): Readonly<Record<"signature" | "write" | "query" | "delivery", number>> {
    return {
      signature: this.#verifier.waiting,
      write: this.#writer.waiting,
      query: this.poolStats?.waiting ?? 0,
      delivery: this.relay.undeliveredCount,
    };
  }

  /** The store behind the relay, without access checks. */
  get store(): TidyStore {
    return this.#options.store;
  }

  /** What the window in memory holds; undefined if there is none. */
  get window(): WindowStore["window"] | undefined {
    const { store } = this.#options;
    return store instanceof WindowStore ? store.window : undefined;
  }

  get maxConnections(): number {
    return this.#settings.network.max_connections;
  }

  /** Counts of all listeners together. */
  get netCounters(): NetCounters {
    return this.#sockets.counters;
  }

  /** What it does just now and for whom. */
  async activity(): Promise<Activity> {
    // Imported late: most relays are never watched.
    const { ActivityMeter } = await import("./activity/activity_meter.ts");
    const onIdle = () => void (this.#meter = undefined);
    this.#meter ??= new ActivityMeter(this, { clock: this.#options.clock, onIdle });
    return this.#meter.read();
  }

  /** The relays that this one exchanges events with. */
  get mirrors(): readonly Mirror[] {
    return this.#exchanges?.mirrors ?? [];
  }

  /** Undefined where nothing is exchanged with the relays of relay lists. */
  get relayLists(): RelayListExchange | undefined {
    return this.#exchanges?.relayLists;
  }

  /** Stored events, without access checks. */
  query(filters: readonly ReqFilter[]): AsyncIterable<readonly StoredEvent[]> {
    return this.#options.store.query(filters);
  }

  /** The content of the NIP-11 document. */
  information(): RelayInformation {
    const policies = this.relay.access.information;
    return relayInformation(this.#settings, {
      policies,
      rules: this.rules,
      self: this.#options.self,
    });
  }

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.relay.sessionCount;
  }

  /** Calls `callback` when the relay is closed. Returns a function that removes it. */
  onClosed(callback: () => void): () => void {
    this.#closed.signal.addEventListener("abort", callback, { once: true });
    return () => this.#closed.signal.removeEventListener("abort", callback);
  }

  /** Accepts connections at `address` and returns the URL. Rejects if it cannot listen there. */
  listen(address: string): Promise<string> {
    return this.#sockets.listen(address);
  }

  /** Answers a request that the host's server received from `address`. */
  fetch(request: Request, address: string): Promise<Response> {
    return this.#fetch.answer(request, address);
  }

  /** Reads the certificates again if their files have changed. */
  reloadCertificates(): void {
    this.#sockets.reloadCertificates();
  }

  /** Names reloadable settings that cannot have their value in `read` in this relay. */
  heldBack(read: Settings): ReadonlySet<string> {
    return heldBack({ started: this.#options.settings, running: this.#settings, read });
  }

  /**
   * Prepares new settings and returns a function that applies them, to open connections too. They
   * must differ in reloadable settings alone. Rejects if they cannot be used.
   */
  async prepare(settings: Settings): Promise<() => void> {
    const usePolicies = await this.#ofSettings.prepare(settings);
    const updateSockets = this.#sockets.prepare(settings);
    const updateExchanges = await this.#exchanges?.prepare(settings);
    return () => {
      if (this.isClosed) return;
      const { access, retention } = this.#settings;
      this.#settings = settings;
      this.#memory.maxBytes = memoryLimitBytes(settings.limits.max_memory_mb);
      this.#admins = admins(settings);
      this.logs.update(settings);
      usePolicies();
      this.relay.update({
        limits: relayLimits(settings),
        policies: [...this.#ofSettings.policies, ...this.#otherPolicies],
        privateKinds: privateKinds(settings),
        relayUrl: relayUrlOf(this.#settings),
      });
      updateSockets();
      updateExchanges?.();
      if (settings.retention !== retention) {
        this.#housekeeper?.update(retentionRules(settings), sweepIntervalMs(settings));
      }
      if (settings.access !== access) {
        // Members of a domain that was named just now are not to be refused.
        void this.#ofSettings.membersRead.then(() => {
          this.relay.endReading((client) => this.#ofSettings.readRefusal(client));
        });
      }
    };
  }

  /**
   * Shuts down in order: stops accepting, answers what was received, sends close frames, writes the
   * queued events, closes the store. Connections that take too long are terminated.
   */
  async close(): Promise<void> {
    const { clock, log, store } = this.#options;
    this.#closed.abort();
    this.#meter?.close();
    const timeoutMs = this.#settings.network.shutdown_timeout_ms;
    const shutdown = new Shutdown({ clock, log, timeoutMs });
    const gone = this.#sockets.close();
    const deadline = clock.after(timeoutMs * CONNECTIONS_SHARE, () => {
      const { connections } = this;
      log.warn("connections cut off at the shutdown deadline", { count: connections.open.size });
      connections.terminateAll();
    });
    const mirrorsGone = this.#exchanges?.close();
    await shutdown.step("connections", this.relay.shutdown().then(() => gone));
    deadline.cancel();
    await shutdown.step("mirrors", mirrorsGone, CONNECTIONS_SHARE);
    await shutdown.step("writing", this.#writer.close(), WRITING_SHARE);
    this.#ofSettings.close();
    await shutdown.step("housekeeping", this.#housekeeper?.close(), WRITING_SHARE);
    this.#verifier.close();
    for (const plugin of this.#plugins) plugin.close();
    await shutdown.step("database", store.close());
    this.logs.close();
  }

  #createRelay(): Relay {
    const { settings, store, clock } = this.#options;
    const { perClient } = admissionLimits(settings);
    return new Relay({
      store,
      writer: this.#writer,
      verifier: this.#verifier,
      clock,
      log: this.logs.relay,
      limits: relayLimits(settings),
      refusals: this.logs.refusals,
      slowQueries: this.logs.slowQueries,
      memory: this.#memory,
      hashSeed: new DataView(systemRandom.bytes(4).buffer).getUint32(0),
      clientOf: (address) => clientKey(address, perClient),
      relayUrl: relayUrlOf(settings),
      random: systemRandom,
      policies: [...this.#ofSettings.policies, ...this.#otherPolicies],
      privateKinds: privateKinds(settings),
      hashText: sha256OfText,
      sha256,
      makeBuckets: this.#options.makeBuckets,
      turn: turnOf,
    });
  }

  /** Reads the rules again after this or another process has changed them. */
  async readRules(): Promise<void> {
    // The read in progress may have missed this change.
    if (this.#rulesRead !== "done") return void (this.#rulesRead = "again");
    try {
      do {
        this.#rulesRead = "reading";
        this.rules.replace(await this.#options.store.rules());
      } while (this.#hasToReadAgain);
      this.connections.closeBlocked(this.rules);
    } catch (error) {
      this.logs.relay.error("the operator's rules cannot be read", {
        error: describeError(error),
      });
    } finally {
      this.#rulesRead = "done";
    }
  }

  get #hasToReadAgain(): boolean {
    return this.#rulesRead === "again";
  }

  #onEnded({ connection, session, ending, startMs }: EndedTransport): void {
    this.#meter?.ended(connection, session);
    this.#sockets.counters.ended[endingKind(ending)]++;
    const { address, receivedBytes, sentBytes } = connection;
    const { tally } = session;
    this.logs.connections.ended({ address, ending, startMs, receivedBytes, sentBytes, tally });
  }
}
