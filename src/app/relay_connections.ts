/**
 * The open connections of a relay and their sessions, and how many bytes went over all of them.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { ConnectionEvents } from "../net/connection.ts";
import type { Ending } from "../net/ending.ts";
import type { Handshake } from "../relay/access/client.ts";
import type { RuleBook } from "../relay/access/rules.ts";
import { POLICY_VIOLATION } from "../relay/close_codes.ts";
import type { Peer } from "../relay/peer.ts";
import type { ConnectedSession, Relay } from "../relay/relay.ts";

/** Bytes on the wire. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A connection of `net`, or one on the runtime's WebSocket. */
export interface Transport extends Peer, Traffic {
  /** Starts reading. */
  start(events: ConnectionEvents): void;
  /** Closes the socket without a closing handshake. */
  terminate(): void;
}

/** A connection that has ended. */
export interface EndedTransport {
  readonly connection: Transport;
  readonly session: ConnectedSession;
  readonly ending: Ending;
  /** When it was accepted, on the monotonic clock, milliseconds. */
  readonly startMs: number;
}

interface RelayConnectionsOptions {
  readonly relay: Pick<Relay, "connect">;
  readonly clock: Clock;
  /** Called for each connection that has ended, before its session is told. */
  readonly onEnded: (ended: EndedTransport) => void;
}

/** Joins connections to sessions, and keeps both until the connection ends. */
export class RelayConnections {
  readonly #options: RelayConnectionsOptions;
  readonly #open = new Map<Transport, ConnectedSession>();
  #endedTraffic: Traffic = { receivedBytes: 0, sentBytes: 0 };

  constructor(options: RelayConnectionsOptions) {
    this.#options = options;
  }

  /** The open connections and their sessions. */
  get open(): ReadonlyMap<Transport, ConnectedSession> {
    return this.#open;
  }

  /** What went over all connections, those that have ended included. */
  get traffic(): Traffic {
    return sumTraffic([this.#endedTraffic, ...this.#open.keys()]);
  }

  /** Starts a session on a connection, whatever its transport. */
  accept(connection: Transport, handshake: Handshake): void {
    const { relay, clock } = this.#options;
    const session = relay.connect(connection, handshake);
    const startMs = clock.monotonicMs();
    this.#open.set(connection, session);
    connection.start({
      messages: (batch) => session.messages(batch),
      drained: () => session.drained(),
      closed: (ending) => {
        this.#ended({ connection, session, ending, startMs });
        session.closed();
      },
    });
  }

  /** Closes the connections of blocked addresses. */
  closeBlocked(rules: Pick<RuleBook, "has">): void {
    for (const connection of this.#open.keys()) {
      if (!rules.has("blocked-ip", connection.address)) continue;
      connection.close(POLICY_VIOLATION, "blocked: this address is blocked");
    }
  }

  /** Closes the sockets of all connections without a closing handshake. */
  terminateAll(): void {
    for (const connection of this.#open.keys()) connection.terminate();
  }

  #ended(ended: EndedTransport): void {
    this.#open.delete(ended.connection);
    this.#endedTraffic = sumTraffic([this.#endedTraffic, ended.connection]);
    this.#options.onEnded(ended);
  }
}

function sumTraffic(parts: readonly Traffic[]): Traffic {
  const sum = (of: keyof Traffic) => parts.reduce((total, part) => total + part[of], 0);
  return { receivedBytes: sum("receivedBytes"), sentBytes: sum("sentBytes") };
}
