/**
 * The other end of a connection, as the relay sees it: somewhere to send text. The relay has never
 * seen a socket; `net` and tests implement this.
 *
 * @module
 */

import type { SharedBytes } from "../base/bytes.ts";

/** What a session may ask of its connection. No call waits, and none throws after the end. */
export interface Peer {
  /** Who it is, for logs: an IP address, or `unix`. */
  readonly address: string;
  /** When the last bytes came from the peer, on the monotonic clock, milliseconds. */
  readonly lastHeardMs: number;
  /** Bytes that were sent here and have not left the process yet. The session bounds them. */
  readonly queuedBytes: number;
  /** How much it may be sent ahead of what it has shown to have read; grows as it reads. */
  readonly windowBytes: number;

  /** Queues one text message. All that one turn of the loop queues leaves in one write. */
  send(text: string): void;
  /** Queues one text message made of `head`, the shared `body`, and `tail`. */
  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void;
  /**
   * Asks for one call of {@link PeerEvents.drained}, when `queuedBytes` is `mostBytes` or less. Asking
   * again before it came changes the number alone.
   */
  requestDrained(mostBytes: number): void;
  /** Queues a ping frame. */
  ping(): void;
  /** What the peer sent cost as much as so many messages more; who costs too much is read more slowly. */
  charge(messages: number): void;
  /** Stops or resumes reading from the peer: backpressure that reaches its socket. */
  pause(): void;
  resume(): void;
  /** Starts the closing handshake, with a deadline of the transport's own. */
  close(code: number, reason: string): void;
  /** The same for a peer that does not read: what is queued and not yet under way is dropped. */
  shed(code: number, reason: string): void;
}

/** One message from the peer, as its connection hands it to the session. */
export type PeerMessage =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary"; readonly bytes: Uint8Array };

/** What a connection tells its session. The counterpart of {@link Peer}. */
export interface PeerEvents {
  /** The messages that one read delivered, in order. */
  messages(batch: readonly PeerMessage[]): void;
  /** `queuedBytes` is low, as {@link Peer.requestDrained} asked to be told. */
  drained(): void;
  /** The connection is over. Nothing follows. */
  closed(): void;
}
