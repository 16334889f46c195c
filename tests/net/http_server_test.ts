import { equal, match } from "node:assert/strict";
import { once } from "node:events";
import { duplexPair } from "node:stream";
import { createHttpServer, endLate, endWith, parserRefusal } from "../../src/net/http_server.ts";
import { refuse } from "../../src/websocket/handshake.ts";

Deno.test("a head that is too long is 431, whatever else is wrong 400, each under its reason", () => {
  equal(parserRefusal({ code: "HPE_HEADER_OVERFLOW" }).response.status, 431);
  equal(parserRefusal({ code: "HPE_HEADER_OVERFLOW" }).reason, "header-too-long");
  equal(parserRefusal({ code: "HPE_INVALID_VERSION" }).response.status, 400);
  equal(parserRefusal({}).reason, "malformed");
});

Deno.test("a last response is whole, and then the socket ends", async () => {
  const [server, client] = duplexPair();
  endWith(server, refuse(503, "too many connections", [["Retry-After", "30"]]));
  const [head] = await once(client, "data");
  match(String(head), /^HTTP\/1\.1 503 Service Unavailable\r\n.*Retry-After: 30\r\n/s);
  equal(server.writableEnded, true);
});

Deno.test("who has had an answer before hears nothing when it is late", () => {
  const [server] = duplexPair();
  endLate(Object.assign(server, { bytesWritten: 10 }));
  equal(server.destroyed, true);
});

Deno.test("sockets are served that the server did not accept itself", async () => {
  const server = createHttpServer({ maxHeaderBytes: 1000 });
  server.on("request", (_, response) => response.end("page"));
  const [near, far] = duplexPair();
  server.emit("connection", near);
  far.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const chunk of far) text += chunk;
  match(text, /^HTTP\/1\.1 200 OK\r\n.*page$/s);
});
