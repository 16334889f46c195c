/**
 * The interface between a session and its connection. `net` and tests implement it.
 *
 * @module
 */

import type { SharedBytes } from "../base/bytes.ts";

/**
 * What a session calls on its connection. No call waits, nor throws once the connection has ended.
 */
export interface Peer {
  /** An IP address, or `unix`. */
  readonly address: string;
  /** When bytes last arrived from the peer, on the monotonic clock, milliseconds. */
  readonly lastHeardMs: number;
  /** Bytes queued and not yet written to the socket. The session bounds them. */
  readonly queuedBytes: number;
  /** How many bytes may be sent beyond what the peer has shown to have read. Grows as it reads. */
  readonly windowBytes: number;

  /** Queues a text message. What one turn of the loop queues is sent in one write. */
  send(text: string): void;
  /** Queues a text message of `head`, the shared `body` and `tail`. */
  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void;
  /**
   * Requests one call of {@link PeerEvents.drained} when `queuedBytes` is at most `mostBytes`. A
   * second request before that only replaces the number.
   */
  requestDrained(mostBytes: number): void;
  /** Queues a ping frame. */
  ping(): void;
  /** Counts as that many more messages from the peer, which is read more slowly above its rate. */
  charge(messages: number): void;
  /** Pauses or resumes reading from the peer's socket. */
  pause(): void;
  resume(): void;
  /** Starts the closing handshake, whose timeout is the transport's. */
  close(code: number, reason: string): void;
  /**
   * Closes like {@link Peer.close}, but drops the queued frames that are not being written: for a
   * peer that does not read.
   */
  shed(code: number, reason: string): void;
}

/** A message from the peer. */
export type PeerMessage =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary"; readonly bytes: Uint8Array };

/** What a connection calls on its session. */
export interface PeerEvents {
  /** The messages of one read, in order. */
  messages(batch: readonly PeerMessage[]): void;
  /** The call that {@link Peer.requestDrained} requested. */
  drained(): void;
  /** The connection has ended. No call follows. */
  closed(): void;
}
