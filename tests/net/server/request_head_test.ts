import { deepEqual, equal } from "node:assert/strict";
import {
  isUpgrade,
  type ParsedHead,
  parseRequestHead,
} from "../../../src/net/server/request_head.ts";

function parse(text: string, maxHeaderBytes = 1000): ParsedHead {
  return parseRequestHead(
    Uint8Array.from(text, (character) => character.charCodeAt(0)),
    { maxHeaderBytes },
  );
}

/** The head that `text` is. */
function headOf(text: string) {
  const parsed = parse(text);
  if (parsed.type !== "head") throw new Error(`no head: ${JSON.stringify(parsed)}`);
  return parsed.head;
}

/** The status that `text` is refused with. */
function statusOf(text: string, maxHeaderBytes?: number): number | string {
  const parsed = parse(text, maxHeaderBytes);
  return parsed.type === "fault" ? parsed.status : parsed.type;
}

Deno.test("a head says method, target, version and fields, and what follows is not its own", () => {
  const text = "POST /a?b HTTP/1.1\r\nHost: h.example:8080\r\nA: 1\r\na:  2 \r\nB: caf\xe9\r\n\r\n";
  const parsed = parse(`${text}rest`);
  equal(parsed.type === "head" && parsed.length, text.length);
  const { method, target, httpVersion, headers } = headOf(text);
  deepEqual([method, target, httpVersion], ["POST", "/a?b", "1.1"]);
  deepEqual([headers.get("a"), headers.get("b")], ["1, 2", "caf\xe9"]);
});

Deno.test("wherever a head is cut, more is waited for", () => {
  const text = "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
  for (let length = 0; length < text.length; length++) {
    equal(parse(text.slice(0, length)).type, "more", `${length} bytes`);
  }
  equal(parse(text).type, "head");
});

Deno.test("what cannot become a request is 400 before its head is whole", () => {
  for (
    const text of [
      "\x16\x03\x01",
      "\x00",
      " GET",
      "nonsense\r\n",
      "GET /\r\n",
      "GET / HTTP/1.1\n",
      "GET / HTTP/1.1\r\nA: b\n",
    ]
  ) {
    equal(statusOf(text), 400, JSON.stringify(text));
  }
});

Deno.test("RFC 9112 §3.2: a missing, second or invalid Host is 400", () => {
  const hosts = ["", "Host: a\r\nHost: a\r\n", "Host:\r\n", "Host: a b\r\n", "Host: a/b\r\n"];
  hosts.push(
    "Host: a@b\r\n",
    "Host: a:x\r\n",
    "Host: [::g]\r\n",
    "Host: a:99999\r\n",
    "Host: a, b\r\n",
  );
  for (const host of hosts) equal(statusOf(`GET / HTTP/1.1\r\n${host}\r\n`), 400, host);
  for (const host of ["a", "a.example:80", "[::1]:7777", "127.0.0.1"]) {
    equal(statusOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), "head", host);
  }
  equal(statusOf("GET / HTTP/1.0\r\n\r\n"), "head");
});

Deno.test("RFC 9112 §6: a length that is told twice, or is none, is 400", () => {
  const faults = [
    ["Content-Length: 1\r\nTransfer-Encoding: chunked", 400],
    ["Content-Length: 1\r\nContent-Length: 1", 400],
    ["Content-Length: 1, 1", 400],
    ["Content-Length: +1", 400],
    ["Content-Length: 0x1", 400],
    ["Content-Length:", 400],
    ["Transfer-Encoding: gzip, chunked", 501],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501],
    ["Transfer-Encoding: identity", 501],
  ] as const;
  for (const [fields, status] of faults) {
    equal(statusOf(`POST / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`), status, fields);
  }
  equal(statusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
});

Deno.test("RFC 9112 §5: fields that a proxy might read otherwise are 400", () => {
  for (
    const field of ["A : 1", " A: 1", "A: 1\r\n b", "A", ": 1", "A: 1\rB: 2", "A: \x00", "A b: 1"]
  ) {
    equal(statusOf(`GET / HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\n`), 400, JSON.stringify(field));
  }
  equal(statusOf("GET / HTTP/1.1\nHost: h\n\n"), 400);
});

Deno.test("RFC 9112 §3: a request line has two spaces, a target and a version that is spoken", () => {
  const lines = [
    ["GET  / HTTP/1.1", 400],
    ["GET / HTTP/1.1 ", 400],
    ["GET /a\tb HTTP/1.1", 400],
    ["GET / http/1.1", 400],
    ["GET / HTTP/1.2", 505],
    ["PRI * HTTP/2.0", 505],
    ["G@T / HTTP/1.1", 400],
  ] as const;
  for (const [line, status] of lines) equal(statusOf(`${line}\r\nHost: h\r\n\r\n`), status, line);
});

Deno.test("a head beyond the limit, in bytes or in fields, is 431", () => {
  const text = `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(100)}\r\n\r\n`;
  equal(statusOf(text, text.length), "head");
  equal(statusOf(text, text.length - 1), 431);
  equal(statusOf("x".repeat(101), 100), 431);
  equal(statusOf(`GET / HTTP/1.1\r\nHost: h\r\n${"a:\r\n".repeat(200)}\r\n`), 431);
});

Deno.test("RFC 9112 §9.3: who wants to stay says so by version or option", () => {
  const keeps = (line: string, option: string) =>
    headOf(`${line}\r\nHost: h\r\n${option}\r\n`).keepAlive;
  equal(keeps("GET / HTTP/1.1", ""), true);
  equal(keeps("GET / HTTP/1.1", "Connection: Close\r\n"), false);
  equal(keeps("GET / HTTP/1.0", ""), false);
  equal(keeps("GET / HTTP/1.0", "Connection: keep-alive\r\n"), true);
});

Deno.test("only an upgrade to WebSocket is one", () => {
  const upgrade = (fields: string) =>
    isUpgrade(headOf(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`));
  equal(upgrade("Connection: Upgrade\r\nUpgrade: WebSocket"), true);
  equal(upgrade("Connection: Upgrade\r\nUpgrade: h2c"), false);
  equal(upgrade("Upgrade: websocket"), false);
});

Deno.test("RFC 9110 §5.5: any byte from 0x80 on may stand in a value, and none is more than a byte", () => {
  const value = Array.from({ length: 128 }, (_, at) => String.fromCharCode(128 + at)).join("");
  const text = `GET / HTTP/1.1\r\nHost: h\r\nX-Odd: ${value}\r\n\r\n`;
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const parsed = parseRequestHead(bytes, { maxHeaderBytes: 16_384 });
  if (parsed.type !== "head") throw new Error(parsed.type);
  equal(parsed.head.headers.get("x-odd"), value);
});
