/**
 * Answers requests that the host program's own server received, with the same admission checks as
 * the relay's listeners.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import { isEndpointPath } from "../../http/endpoint_path.ts";
import type { HttpHandler } from "../../http/router.ts";
import type { Handshake } from "../../relay/access/client.ts";
import { handshakeOf } from "./handshake.ts";
import type { Gates } from "../../net/server/admission.ts";
import { forwardedClient, type ForwardedTrust } from "../../net/address/forwarded.ts";
import { fullResponse } from "../../net/server/full_response.ts";
import { NativeWebSocket } from "../../net/server/native_websocket.ts";
import type { NetCounters, RefusalReason } from "../../net/server/net_counters.ts";
import { nodeSha1 } from "../../net/sha1.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import { answerUpgrade, type HandshakeResponse, refuse } from "../../websocket/handshake.ts";
import { listenLimits, originRule, paceLimits } from "./network_options.ts";
import type { ProxyAdvice } from "./proxy_advice.ts";
import type { Settings } from "../settings/setting_list.ts";

/** What {@link RelayFetch} needs. */
export interface RelayFetchOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** Shared with the relay's listeners. */
  readonly gates: Gates;
  readonly counters: NetCounters;
  /** The proxies whose forwarded client address is trusted. */
  readonly forwarded: ForwardedTrust | undefined;
  /** Answers requests that are no upgrade. */
  readonly http: HttpHandler;
  /** Told of each connection that is opened. */
  readonly advice: Pick<ProxyAdvice, "note">;
  /** Takes over a WebSocket connection. */
  readonly accept: (connection: NativeWebSocket, handshake: Handshake) => void;
}

/** Answers requests from a server that is not the relay's. */
export class RelayFetch {
  readonly #options: RelayFetchOptions;
  readonly #allowsOrigin: ReturnType<typeof originRule>;

  constructor(options: RelayFetchOptions) {
    this.#options = options;
    this.#allowsOrigin = originRule(options.settings.network.allowed_origins);
  }

  /** Answers one request from `address`: an IP address, or `unix`. */
  async answer(request: Request, address: string): Promise<Response> {
    const client = this.#clientOf(request, address);
    if (isUpgrade(request)) return this.#upgrade(request, client);
    const { gates, http } = this.#options;
    if (gates.requests.pass(client) === undefined) return await http(request);
    const refusal = refuse(429, "too many requests of yours", [["Retry-After", "5"]]);
    return this.#refuse("request-rate", refusal);
  }

  #clientOf({ url, headers }: Request, address: string): string {
    const { forwarded } = this.#options;
    const peer = { address, secure: url.startsWith("https:") };
    return forwarded === undefined ? address : forwardedClient(peer, headers, forwarded).address;
  }

  #upgrade(request: Request, address: string): Response {
    const { settings: { network }, gates, counters } = this.#options;
    const { method, headers } = request;
    // Read before the upgrade, after which the request belongs to the runtime.
    const { pathname: target, protocol } = new URL(request.url);
    const told = handshakeOf({ target, headers, secure: protocol === "https:" });
    if (!isEndpointPath(target, network.path)) {
      return this.#refuse("path", refuse(404, "nothing here"));
    }
    const asked = { method, httpVersion: "1.1", headers };
    const handshake = answerUpgrade(asked, { allowsOrigin: this.#allowsOrigin }, nodeSha1);
    if (handshake.type === "refused") return this.#refuse("handshake", handshake.response);
    const refusal = gates.connections.enter(address);
    if (refusal !== undefined) return this.#refuse(refusal, fullResponse(refusal));
    this.#options.advice.note(address, headers);
    let upgrade: Deno.WebSocketUpgrade;
    try {
      upgrade = Deno.upgradeWebSocket(request);
    } catch {
      gates.connections.leave(address);
      return this.#refuse("handshake", refuse(400, "this request cannot be upgraded"));
    }
    counters.opened++;
    this.#handOver(this.#transport(upgrade.socket, address), told);
    return upgrade.response;
  }

  #handOver(connection: NativeWebSocket, handshake: Handshake): void {
    try {
      this.#options.accept(connection, handshake);
    } catch (error) {
      const { address } = connection;
      this.#options.log.error("connection not accepted", { address, error: describeError(error) });
      connection.close(CloseCode.internalError, "internal error");
    }
  }

  #transport(socket: WebSocket, address: string): NativeWebSocket {
    const { settings, clock, log, gates, counters } = this.#options;
    return new NativeWebSocket({
      socket,
      address,
      clock,
      log,
      limits: listenLimits(settings),
      pace: paceLimits(settings),
      onThrottled: () => void counters.throttled++,
      onEnded: () => gates.connections.leave(address),
    });
  }

  #refuse(reason: RefusalReason, { status, headers, body }: HandshakeResponse): Response {
    this.#options.counters.refused[reason]++;
    return new Response(body, { status, headers: headers.map(([name, value]) => [name, value]) });
  }
}

function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}
