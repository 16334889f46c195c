/**
 * Responses after which a connection ends.
 *
 * @module
 */

import { encodeResponse, type HandshakeResponse, refuse } from "../../websocket/handshake.ts";
import type { ByteStream } from "../byte_stream.ts";

/** Sends a last response. A peer that does not close after it is not waited for. */
export function endWith(socket: ByteStream, response: HandshakeResponse): void {
  socket.end(encodeResponse(response), () => socket.destroy());
}

/**
 * Ends a socket on which no whole request came in time, with 408. Without an answer where one was
 * sent before: the peer could take a 408 for the answer to its next request.
 */
export function endLate(socket: ByteStream & { readonly bytesWritten?: number }): void {
  if ((socket.bytesWritten ?? 0) > 0 || !socket.writable) socket.destroy();
  else endWith(socket, refuse(408, "too slow"));
}
