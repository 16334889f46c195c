import { equal } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { ProxyFault, ProxyHeader } from "../../../src/net/address/proxy_protocol.ts";
import { takeProxyHeader } from "../../../src/net/address/proxy_header.ts";

/** Sends the pieces one by one, and gives the outcome and what is read after it. */
async function taken(...pieces: readonly string[]) {
  const found = Promise.withResolvers<ProxyHeader | ProxyFault>();
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    takeProxyHeader(socket, found.resolve);
    accepted.resolve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const client = connect(address !== null && typeof address === "object" ? address.port : 0);
  client.setNoDelay();
  const socket = await accepted.promise;
  for (const piece of pieces.slice(0, -1)) {
    const read = once(socket, "data");
    client.write(piece);
    await read;
  }
  client.write(pieces.at(-1)!);
  const result = await found.promise;
  let rest = "";
  socket.on("data", (bytes: Uint8Array) => rest += new TextDecoder().decode(bytes));
  const ended = once(socket, "end");
  socket.resume();
  client.end();
  await ended;
  socket.destroy();
  client.destroy();
  server.close();
  await once(server, "close");
  return { result, rest };
}

Deno.test("what follows the header in the same read is the next that is read", async () => {
  const { result, rest } = await taken("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /");
  equal(result.type, "header");
  equal(rest, "GET /");
});

Deno.test("a header in pieces is a header", async () => {
  const { result, rest } = await taken("PROXY TCP4 192.0.", "2.1 192.0.2.2 1 2\r", "\nGET /");
  equal(result.type === "header" && result.origin.type, "tcp");
  equal(rest, "GET /");
});

Deno.test("what is no header is a fault at its first byte", async () => {
  const { result } = await taken("GET / HTTP/1.1\r\n");
  equal(result.type === "fault" && result.name, "not-proxy-protocol");
});
