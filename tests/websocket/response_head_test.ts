import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { handshakeFaults } from "../../src/websocket/handshake_fault.ts";
import { decodeResponseHead } from "../../src/websocket/response_head.ts";

const maxHeadBytes = 1000;

function decode(text: string) {
  return decodeResponseHead(utf8(text), maxHeadBytes);
}

Deno.test("RFC 9112 §4: a head is a status line, headers and an empty line", () => {
  const text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX:\r\n\r\n";
  deepEqual(decode(`${text}and frames`), {
    type: "head",
    status: 101,
    headers: new Map([["upgrade", "websocket"], ["x", ""]]),
    headBytes: text.length,
  });
});

Deno.test("RFC 9112 §4: the phrase of a status line may be empty or missing", () => {
  for (const line of ["HTTP/1.1 404", "HTTP/1.1 404 ", "HTTP/1.1 404 Not a Ph\u00e4se"]) {
    const head = decode(`${line}\r\n\r\n`);
    equal(head?.type === "head" && head.status, 404, line);
  }
});

Deno.test("RFC 9110 §5.3: repeated headers are joined, names compared without regard to case", () => {
  const head = decode("HTTP/1.1 200 OK\r\nA: 1\r\nb: x\r\na:\t2 \r\n\r\n");
  deepEqual(head?.type === "head" && [...head.headers], [["a", "1, 2"], ["b", "x"]]);
});

Deno.test("RFC 9112 §2.2: what is no response of HTTP/1.1 is refused", () => {
  const wrong = [
    "HTTP/1.0 101 x\r\n\r\n",
    "HTTP/2 101\r\n\r\n",
    "HTTP/1.1 1O1 x\r\n\r\n",
    "HTTP/1.1 1010\r\n\r\n",
    "HTTP/1.1  101\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
    "HTTP/1.1 200 OK\r\na: \u0000\r\n\r\n",
    "HTTP/1.1 200 OK\rX\r\n\r\n",
  ];
  for (const text of wrong) equal(decode(text), handshakeFaults.malformedResponse, text);
});

Deno.test("what cannot become a head is refused at its first wrong byte", () => {
  equal(decode("SSH-2.0"), handshakeFaults.malformedResponse);
  equal(decode("HTTP/1.0"), handshakeFaults.malformedResponse);
  equal(decode("HTTP/1."), undefined);
  equal(decode(""), undefined);
});

Deno.test("a head beyond the limit is refused, wherever it would end", () => {
  const long = `HTTP/1.1 200 OK\r\nX: ${"x".repeat(maxHeadBytes)}`;
  equal(decode(long), handshakeFaults.longResponse);
  equal(decode(`${long}\r\n\r\n`), handshakeFaults.longResponse);
  equal(decode(long.slice(0, maxHeadBytes - 1)), undefined);
});

Deno.test("more bytes never change an answer", () => {
  const texts = fc.constantFrom(
    "HTTP/1.1 101 x\r\nA: b\r\n\r\nrest",
    "HTTP/1.1 101 x\r\nA b\r\n\r\n",
    "HTTP/1.1 301\r\nLocation: /\r\n\r\n",
    "SMTP ready\r\n",
  );
  fc.assert(fc.property(texts, fc.nat(60), (text, cut) => {
    const early = decode(text.slice(0, cut));
    if (early !== undefined) deepEqual(early, decode(text));
  }));
});
