import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { toHeaders, toRequest, writeResponse } from "../../src/net/http_exchange.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** A server that speaks web requests and responses, for as long as `talk` takes. */
async function withServer(answer: Answer, talk: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = await toRequest(incoming, { secure: false, maxBodyBytes: 100 });
    const response = request instanceof Response ? request : await answer(request);
    await writeResponse(outgoing, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  try {
    await talk(typeof address === "object" ? address?.port ?? 0 : 0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Sends bytes as they are and gives all that comes back until the server closes. */
async function rawExchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  let answer = "";
  for await (const chunk of socket) answer += new TextDecoder().decode(chunk);
  return answer;
}

Deno.test("method, URL, headers and body arrive", () =>
  withServer(
    async (request) => Response.json([request.method, request.url, await request.text()]),
    async (port) => {
      const url = `http://127.0.0.1:${port}/a?b=c`;
      const response = await fetch(url, { method: "POST", body: "hello" });
      deepEqual(await response.json(), ["POST", url, "hello"]);
    },
  ));

Deno.test("status, repeated cookies and length leave", () =>
  withServer(
    () => {
      const headers = new Headers({ "x-a": "1" });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return new Response("é", { status: 201, headers });
    },
    async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      equal(response.status, 201);
      deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
      equal(response.headers.get("content-length"), "2");
      equal(await response.text(), "é");
    },
  ));

Deno.test("RFC 9110 §9.3.2: HEAD gets the head of GET and no body", () =>
  withServer(() => new Response("body"), async (port) => {
    const head = `HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answer = await rawExchange(port, head);
    equal(/content-length: 4\r\n/i.test(answer), true);
    equal(answer.endsWith("\r\n\r\n"), true);
  }));

Deno.test("RFC 9110 §8.6: 204 and 304 have neither body nor length", async () => {
  for (const status of [204, 304]) {
    await withServer(() => new Response(null, { status }), async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      equal(response.status, status);
      equal(response.headers.get("content-length"), null);
      equal(await response.text(), "");
    });
  }
});

Deno.test("RFC 9110 §15.5.14: a body beyond the limit is 413, announced or not", () =>
  withServer(() => new Response("taken"), async (port) => {
    const close = "Host: x\r\nConnection: close\r\n";
    const announced = await rawExchange(
      port,
      `POST / HTTP/1.1\r\n${close}Content-Length: 101\r\n\r\n`,
    );
    equal(announced.split(" ")[1], "413");
    const chunked = await rawExchange(
      port,
      `POST / HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\n65\r\n${"x".repeat(101)}\r\n`,
    );
    equal(chunked.split(" ")[1], "413");
    const fits = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body: "x".repeat(100),
    });
    equal(await fits.text(), "taken");
  }));

Deno.test("RFC 9112 §3.2: a target is a path, a whole URL or an asterisk", () =>
  withServer((request) => new Response(request.url), async (port) => {
    const ask = async (line: string) => {
      const answer = await rawExchange(
        port,
        `${line} HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n`,
      );
      return answer.slice(answer.indexOf("\r\n\r\n") + 4);
    };
    equal(await ask("GET /a//b?c"), "http://h.example/a//b?c");
    equal(await ask("GET http://other.example/a"), "http://other.example/a");
    equal(await ask("OPTIONS *"), "http://h.example/");
  }));

Deno.test("what cannot be a web request is 400", () =>
  withServer(() => new Response("taken"), async (port) => {
    const lines = [
      "TRACE / HTTP/1.1\r\nHost: x",
      "GET / HTTP/1.1\r\nHost: a b",
      "GET ftp://x/ HTTP/1.1\r\nHost: x",
    ];
    for (const line of lines) {
      const answer = await rawExchange(port, `${line}\r\nConnection: close\r\n\r\n`);
      equal(answer.split(" ")[1], "400", line);
    }
  }));

Deno.test("headers that the web's type refuses are left out, the others joined", () => {
  const headers = toHeaders({ rawHeaders: ["A", "1", "a", "2", "bad name", "x", "B", "3"] });
  deepEqual([...headers], [["a", "1, 2"], ["b", "3"]]);
});
