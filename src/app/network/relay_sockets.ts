/**
 * Opens the relay's listeners and holds the state that they share.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { endpointUrl, isEndpointPath } from "../../http/endpoint_path.ts";
import {
  createGates,
  type GateCounts,
  type Gates,
  type OnRefused,
  updateGates,
} from "../../net/server/admission.ts";
import {
  listen,
  type Listener,
  type ListenLimits,
  type ListenOptions,
} from "../../net/server/listen.ts";
import { parseListenAddress } from "../../net/address/listen_address.ts";
import { type NetCounters, zeroNetCounters } from "../../net/server/net_counters.ts";
import type { PaceLimits } from "../../net/paced_reading.ts";
import type { UnreadWindowOptions } from "../../net/unread_window.ts";
import { nodeZlib } from "../../net/zlib.ts";
import { BufferPool } from "../../websocket/buffer_pool.ts";
import { acceptDeflate } from "../../websocket/permessage_deflate.ts";
import {
  admissionLimits,
  listenLimits,
  originRule,
  paceLimits,
  type ProxyOptions,
  proxyOptions,
  unreadLimits,
} from "./network_options.ts";
import { ProxyAdvice } from "./proxy_advice.ts";
import type { Settings } from "../settings/setting_list.ts";
import { systemRandom } from "../system/system_random.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import { checkTlsFiles, hasTlsFiles, TlsFiles } from "./tls_files.ts";

/** What the listeners need, and the callbacks for connections and requests. */
export interface RelaySocketsOptions extends Pick<ListenOptions, "onConnection" | "onRequest"> {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** Told whom the gates refuse. */
  readonly onRefused?: OnRefused;
  /** Where connections and requests are counted. Default: in this thread alone. */
  readonly gateCounts?: GateCounts | undefined;
}

const LISTEN = "network.listen";

/** The prefix of listen addresses that use TLS. */
const TLS_PREFIX = "tls:";

/** Listens at any number of addresses, with common limits and counters. */
export class RelaySockets {
  /** Counts of all addresses together. */
  readonly counters: NetCounters = zeroNetCounters();
  readonly #options: RelaySocketsOptions;
  /** The connection and request limits of all addresses together. */
  readonly gates: Gates;
  /** The trusted proxies. */
  readonly proxies: ProxyOptions;
  readonly #pool = new BufferPool();
  /** Told of each connection that is opened. */
  readonly advice: ProxyAdvice;
  readonly #tls: TlsFiles | undefined;
  readonly #listeners: Listener[] = [];
  /** Kept by open connections: `update` changes their fields. */
  readonly #limits: ListenLimits;
  readonly #pace: PaceLimits;
  readonly #unread: UnreadWindowOptions;
  #allowsOrigin: ReturnType<typeof originRule>;
  #settings: Settings;

  /** Throws if a network in the settings is invalid, or a certificate cannot be used. */
  constructor(options: RelaySocketsOptions) {
    const { settings, clock, log } = options;
    const { tls, network } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#limits = listenLimits(settings);
    this.#pace = paceLimits(settings);
    this.#unread = { ...unreadLimits(settings), random: systemRandom };
    this.#allowsOrigin = originRule(network.allowed_origins);
    this.proxies = proxyOptions(settings);
    const { forwarded, proxyProtocol } = this.proxies;
    this.advice = new ProxyAdvice(log, forwarded !== undefined || proxyProtocol !== undefined);
    const { onRefused, gateCounts: counts } = options;
    this.gates = createGates(admissionLimits(settings), clock, { onRefused, counts });
    this.#tls = !hasTlsFiles(tls) ? undefined : new TlsFiles({
      settings: tls,
      clock,
      log,
      counters: this.counters,
      handshakeTimeoutMs: network.handshake_timeout_ms,
    });
  }

  /** Accepts connections at `address` and returns the URL. Rejects if it cannot listen there. */
  async listen(address: string): Promise<string> {
    const { settings, clock, log, onConnection, onRequest } = this.#options;
    const { network } = settings;
    const isSecure = address.startsWith(TLS_PREFIX);
    const at = parseListenAddress(isSecure ? address.slice(TLS_PREFIX.length) : address);
    if (at === undefined) throw new UnusableSetting(LISTEN, `"${address}" is not an address`);
    if (isSecure && this.#tls === undefined) {
      throw new UnusableSetting(LISTEN, `"${address}" needs tls.certificate_files, which is empty`);
    }
    const listener = await listen({
      at,
      clock,
      log,
      limits: this.#limits,
      pace: this.#pace,
      unread: this.#unread,
      socketMode: parseInt(network.socket_mode, 8),
      backlog: network.backlog,
      reusePort: network.reuse_port,
      pool: this.#pool,
      gates: this.gates,
      counters: this.counters,
      ...this.proxies,
      tls: isSecure ? this.#tls?.gate : undefined,
      allowsOrigin: (origin) => this.#allowsOrigin?.(origin) ?? true,
      acceptsPath: (path) => isEndpointPath(path, network.path),
      chooseExtension: network.compression ? acceptDeflate({ zlib: nodeZlib }) : undefined,
      onConnection: (connection, info) => {
        this.advice.note(info.address, info.headers);
        onConnection(connection, info);
      },
      onRequest,
    });
    this.#listeners.push(listener);
    return endpointUrl(listener.url, network.path);
  }

  /** Reads the certificates again if their files have changed. */
  reloadCertificates(): void {
    this.#tls?.reload();
  }

  /**
   * Reads new certificates, and returns a function that applies them, new values of `[limits]`, and
   * who may connect. Throws if a certificate cannot be used.
   */
  prepare(settings: Settings): () => void {
    const { tls } = settings;
    if (this.#tls === undefined) checkTlsFiles(tls, silentLog);
    const exchange = tls === this.#settings.tls ? undefined : this.#tls?.prepare(tls);
    return () => {
      exchange?.();
      this.#update(settings);
    };
  }

  #update(settings: Settings): void {
    this.#settings = settings;
    updateGates(this.gates, admissionLimits(settings));
    this.#allowsOrigin = originRule(settings.network.allowed_origins);
    Object.assign(this.#limits, listenLimits(settings));
    const { messages, bytes } = paceLimits(settings);
    Object.assign(this.#pace.messages, messages);
    Object.assign(this.#pace.bytes, bytes);
    Object.assign(this.#unread, unreadLimits(settings));
  }

  /** Stops accepting, and resolves when the last connection has closed. */
  async close(): Promise<void> {
    this.#tls?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
