/**
 * The interface of a socket, as this room uses it.
 *
 * @module
 */

/**
 * The part of a duplex stream of the runtime that is used here. TCP, TLS and Unix sockets have it,
 * and so do other streams: some hosts show no socket, and a test needs none.
 */
export interface ByteStream {
  /** Bytes that were written and have not left the process. */
  readonly writableLength: number;
  /** Whether bytes can still be written. */
  readonly writable: boolean;
  /** Whether the stream is over, with or without an error. */
  readonly destroyed: boolean;

  /** Calls `written` once the bytes have left, or the stream has failed. */
  write(bytes: Uint8Array, written?: () => void): boolean;
  /** Half-closes the stream, after `bytes` and everything written before. */
  end(): unknown;
  /** The same, and calls back when all has left. */
  end(bytes: Uint8Array, ended: () => void): unknown;
  /** Ends both halves now. */
  destroy(): unknown;
  /** The same with a reset instead of an orderly end. TCP alone knows it. */
  resetAndDestroy?(): unknown;
  /** Reads no further until {@link resume}. */
  pause(): unknown;
  /** Reads on. */
  resume(): unknown;

  /** Data flows once there is a listener. */
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  /** Why the stream failed. */
  on(event: "error", listener: (error: StreamError) => void): unknown;
  /** `end`: the peer sends no more. `close`: the stream is over, and tells nothing after that. */
  on(event: "end" | "close", listener: () => void): unknown;
  /** Ends an {@link on} with the same listener. */
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  /** Ends an {@link on} with the same listener. */
  off(event: "error", listener: (error: StreamError) => void): unknown;
  /** Ends an {@link on} with the same listener. */
  off(event: "end" | "close", listener: () => void): unknown;
}

/** Why a stream failed: the system's name for it is in `code`. */
export type StreamError = Error & { readonly code?: string };
