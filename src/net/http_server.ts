/**
 * The runtime's HTTP server, set up for sockets that are handed to it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import { encodeResponse, type HandshakeResponse, refuse } from "../websocket/handshake.ts";
import { hasMember } from "../websocket/header_list.ts";
import type { ByteStream, StreamError } from "./byte_stream.ts";
import type { RefusalReason } from "./net_counters.ts";

/** An option of the runtime's server that the declarations of its types lack. */
interface UpgradeFilter {
  readonly shouldUpgradeCallback: (incoming: IncomingMessage) => boolean;
}

/**
 * A server that does not listen: sockets are handed to it as `connection` events. It keeps no deadlines,
 * because the runtime's own begin with listening; whoever hands over sockets keeps them.
 *
 * @example
 * ```ts
 * import { createHttpServer } from "./http_server.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(createHttpServer({ maxHeaderBytes: 16_384 }).listening, false);
 * ```
 */
export function createHttpServer(limits: { readonly maxHeaderBytes: number }): Server {
  const options: ServerOptions & UpgradeFilter = {
    maxHeaderSize: limits.maxHeaderBytes,
    // RFC 9110 §7.8: a server ignores an upgrade to what it does not speak, such as h2c.
    shouldUpgradeCallback: ({ headers }) => hasMember(headers.upgrade ?? "", "websocket"),
  };
  return createServer(options);
}

/** Why a request was refused, and how that is said. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly response: HandshakeResponse;
}

/**
 * What to answer to bytes that the parser refused.
 *
 * @example
 * ```ts
 * import { parserRefusal } from "./http_server.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(parserRefusal({ code: "HPE_HEADER_OVERFLOW" }).response.status, 431);
 * equal(parserRefusal({ code: "HPE_INVALID_METHOD" }).response.status, 400);
 * ```
 */
export function parserRefusal({ code }: Pick<StreamError, "code">): Refusal {
  return code === "HPE_HEADER_OVERFLOW"
    ? { reason: "header-too-long", response: refuse(431, "the head is too long") }
    : { reason: "malformed", response: refuse(400, "malformed request") };
}

/**
 * Sends a last response. A peer that does not close after it is not waited for.
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { equal } from "node:assert/strict";
 * import { refuse } from "../websocket/handshake.ts";
 * import { endWith } from "./http_server.ts";
 *
 * const [server, client] = duplexPair();
 * endWith(server, refuse(404, "nothing here"));
 * const head = await new Promise((resolve) => client.once("data", resolve));
 * equal(String(head).split("\r\n")[0], "HTTP/1.1 404 Not Found");
 * ```
 */
export function endWith(socket: ByteStream, response: HandshakeResponse): void {
  socket.end(encodeResponse(response), () => socket.destroy());
}

/**
 * Ends a socket on which nothing came in time. It is told so, unless it has had an answer before: then
 * it may have one already to what it has not asked yet.
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { equal } from "node:assert/strict";
 * import { endLate } from "./http_server.ts";
 *
 * const [server, client] = duplexPair();
 * endLate(server);
 * const head = await new Promise((resolve) => client.once("data", resolve));
 * equal(String(head).split("\r\n")[0], "HTTP/1.1 408 Request Timeout");
 * ```
 */
export function endLate(socket: ByteStream & { readonly bytesWritten?: number }): void {
  if ((socket.bytesWritten ?? 0) > 0 || !socket.writable) socket.destroy();
  else endWith(socket, refuse(408, "too slow"));
}
