import { equal, match } from "node:assert/strict";
import { once } from "node:events";
import { duplexPair } from "node:stream";
import { endLate, endWith } from "../../../src/net/server/last_response.ts";
import { refuse } from "../../../src/websocket/handshake.ts";

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
