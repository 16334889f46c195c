import { deepEqual, equal, match } from "node:assert/strict";
import { utf8, utf8Decode } from "../../../src/base/bytes.ts";
import {
  type AnswerOptions,
  encodeAnswer,
  requestUrl,
  toRequest,
} from "../../../src/net/server/http_exchange.ts";
import type { RequestHead } from "../../../src/net/server/request_head.ts";

const plain: AnswerOptions = {
  isHead: false,
  httpVersion: "1.1",
  keepAlive: true,
  idleTimeoutMs: 10_000,
  nowMs: 0,
};

function head(method: string, target: string, host = "h.example"): RequestHead {
  const headers = new Headers({ host, "x-a": "1" });
  return { method, target, headers, httpVersion: "1.1", framing: undefined, keepAlive: true };
}

async function answer(response: Response, options: Partial<AnswerOptions> = {}): Promise<string> {
  return utf8Decode(await encodeAnswer(response, { ...plain, ...options })) ?? "";
}

Deno.test("method, URL, headers and body arrive", async () => {
  const request = toRequest(head("POST", "/a?b=c"), { secure: false, body: utf8("hello") });
  if (!(request instanceof Request)) throw new Error("refused");
  deepEqual(
    [request.method, request.url, request.headers.get("x-a"), await request.text()],
    ["POST", "http://h.example/a?b=c", "1", "hello"],
  );
});

Deno.test("status, date, repeated cookies and length leave", async () => {
  const headers = new Headers({ "x-a": "1" });
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  const text = await answer(new Response("é", { status: 201, headers }));
  match(text, /^HTTP\/1\.1 201 Created\r\n/);
  match(text, /\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n/);
  match(text, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
  match(text, /\r\ncontent-length: 2\r\n/);
  match(text, /\r\n\r\né$/);
});

Deno.test("RFC 9110 §9.3.2: HEAD gets the head of GET and no body", async () => {
  match(await answer(new Response("body"), { isHead: true }), /content-length: 4\r\n[^]*\r\n\r\n$/);
  const told = new Response(null, { headers: { "content-length": "7" } });
  match(await answer(told, { isHead: true }), /content-length: 7\r\n[^]*\r\n\r\n$/);
});

Deno.test("RFC 9110 §8.6: 204 and 304 have neither body nor length", async () => {
  for (const status of [204, 304]) {
    const text = await answer(new Response(null, { status }));
    equal(/content-length|transfer-encoding/i.test(text), false);
    equal(text.endsWith("\r\n\r\n"), true);
  }
});

Deno.test("a length that a handler got wrong does not leave", async () => {
  const headers = { "content-length": "99", "transfer-encoding": "chunked" };
  const text = await answer(new Response("four", { headers }));
  match(text, /content-length: 4\r\n/);
  equal(/99|chunked/.test(text), false);
});

Deno.test("RFC 9112 §9: what is said of the connection is what becomes of it", async () => {
  match(await answer(new Response("")), /\r\nkeep-alive: timeout=10\r\n/);
  match(await answer(new Response(""), { httpVersion: "1.0" }), /\r\nconnection: keep-alive\r\n/);
  match(await answer(new Response(""), { keepAlive: false }), /\r\nconnection: close\r\n/);
  const upgrade = new Response("", { status: 426, headers: { upgrade: "websocket" } });
  match(await answer(upgrade, { keepAlive: false }), /\r\nconnection: upgrade, close\r\n/);
});

Deno.test("a value beyond ASCII leaves as its bytes", async () => {
  const bytes = await encodeAnswer(new Response("", { headers: { "x-a": "\xe9" } }), plain);
  equal(bytes.includes(0xe9), true);
});

Deno.test("RFC 9112 §3.2: a target is a path, a whole URL or an asterisk", () => {
  const url = (target: string) => requestUrl(head("GET", target), false);
  equal(url("/a//b?c"), "http://h.example/a//b?c");
  equal(url("http://other.example/a"), "http://other.example/a");
  equal(url("*"), "http://h.example");
  equal(requestUrl({ target: "/", headers: new Headers() }, true), "https://localhost/");
});

Deno.test("what cannot be a web request is 400, and a method that is none of the web's 501", () => {
  const status = (method: string, target: string) => {
    const request = toRequest(head(method, target), { secure: false, body: new Uint8Array() });
    return request instanceof Response ? request.status : 0;
  };
  deepEqual([status("GET", "ftp://x/"), status("GET", "a:1")], [400, 400]);
  for (const method of ["CONNECT", "TRACE", "TRACK"]) equal(status(method, "a:443"), 501);
  // RFC 9110 §9.1: methods are case-sensitive.
  for (const method of ["get", "gEt", "Post"]) equal(status(method, "/"), 501);
});
