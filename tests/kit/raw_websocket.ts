/**
 * A minimal WebSocket client, for tests that need thousands of them.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { testAuthority } from "./test_certificates.ts";

/** Options of {@link rawWebSocket}. */
export interface RawWebSocketOptions {
  /** The value of `Sec-WebSocket-Extensions`. */
  readonly extensions?: string;
}

/** Connects to a relay on this machine, and resolves when the handshake is answered with 101. */
export function rawWebSocket(url: string, options: RawWebSocketOptions = {}): Promise<Socket> {
  const { protocol, port } = new URL(url);
  const at = { port: Number(port), host: "127.0.0.1" };
  const socket = protocol === "wss:"
    ? connectTls({ ...at, servername: "localhost", ca: testAuthority })
    : connect(at);
  socket.write(upgradeRequest(options));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    socket.once("data", (bytes: Uint8Array) => {
      const status = new TextDecoder().decode(bytes.subarray(0, 12));
      socket.off("error", reject);
      socket.on("error", () => {});
      if (status === "HTTP/1.1 101") return resolve(socket);
      socket.destroy();
      reject(new Error(status));
    });
  });
}

function upgradeRequest({ extensions }: RawWebSocketOptions): string {
  return [
    "GET / HTTP/1.1",
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`],
    "\r\n",
  ].join("\r\n");
}
