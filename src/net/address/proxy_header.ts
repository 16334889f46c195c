/**
 * The PROXY protocol on a socket: the header is read and removed, and what follows is read as if it
 * had come first.
 *
 * @module
 */

import type { Socket } from "node:net";
import {
  defaultProxyLimits,
  type ProxyFault,
  type ProxyHeader,
  ProxyHeaderReader,
} from "./proxy_protocol.ts";

/**
 * Reads the header from a socket that nobody has read from. After a header the socket is paused,
 * and what followed the header is the next that is read. Sets no deadline, and does not report a
 * socket that ends before.
 *
 * @see The PROXY protocol, versions 1 and 2
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { connect, createServer } from "node:net";
 * import { takeProxyHeader } from "./proxy_header.ts";
 *
 * const heard = Promise.withResolvers<string>();
 * const server = createServer((socket) =>
 *   takeProxyHeader(socket, (found) => {
 *     socket.once("data", (rest) => {
 *       heard.resolve(`${found.type}: ${rest}`);
 *       socket.destroy();
 *     });
 *     socket.resume();
 *   })
 * );
 * server.listen(0, "127.0.0.1", () => {
 *   const { port } = server.address() as { port: number };
 *   connect(port, "127.0.0.1").end("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n");
 * });
 * equal(await heard.promise, "header: GET / HTTP/1.1\r\n");
 * server.close();
 * ```
 */
export function takeProxyHeader(
  socket: Socket,
  onResult: (result: ProxyHeader | ProxyFault) => void,
): void {
  const reader = new ProxyHeaderReader(defaultProxyLimits);
  const onData = (bytes: Uint8Array) => {
    const result = reader.feed(bytes);
    if (result === undefined) return;
    socket.off("data", onData);
    socket.pause();
    if (result.type === "header" && result.consumedBytes < bytes.length) {
      socket.unshift(bytes.subarray(result.consumedBytes));
    }
    onResult(result);
  };
  socket.on("data", onData);
}
