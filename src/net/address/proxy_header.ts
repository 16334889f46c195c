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
