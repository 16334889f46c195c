/**
 * The attackers, in a thread of their own: what they do takes nothing from the client that is measured.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { attackNamed, type Traffic } from "./attacks.ts";

/** What is to be done, as the first message to the thread. The second one lets it begin. */
export interface Orders {
  readonly url: string;
  /** The name of the attack, and which half of it. */
  readonly name: string;
  readonly half: "hostile" | "ordinary";
  readonly connections: number;
  /** From so many addresses of 127.0.0.0/8. */
  readonly addresses: number;
}

/** Traffic that is made; beyond it connections send the same. */
const MAX_DIFFERENT = 4;

/** Connects, shakes hands, and sends for as long as the relay takes it. */
async function open(url: string, traffic: Traffic, localAddress: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.on("error", () => {});
  await once(socket, "connect");
  if (traffic.isHttp !== true) {
    const extension = traffic.isDeflated ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "";
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
        `${extension}\r\n`,
    );
    await once(socket, "data");
  }
  if (traffic.neverReads) socket.pause();
  else socket.resume();
  socket.write(traffic.bytes);
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Orders | "go">) => void) | null;
  postMessage(message: string): void;
};

scope.onmessage = ({ data }) => {
  if (data === "go") return;
  const { url, name, half, connections, addresses } = data;
  const attack = attackNamed(name);
  const different = Math.min(connections, MAX_DIFFERENT);
  const traffic = Array.from({ length: different }, (_, at) => attack[half](at));
  scope.onmessage = () => {
    for (let at = 0; at < connections; at++) {
      const address = `127.0.${1 + at % addresses}.2`;
      open(url, traffic[at % different]!, address).catch(() => {});
    }
  };
  scope.postMessage("ready");
};
