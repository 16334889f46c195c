/**
 * What the thread pays for one message, as a ratio to an ordinary one of the same size.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { utf8 } from "../../src/base/bytes.ts";
import { costMs } from "../kit/cost.ts";
import { parseRequestHead } from "../../src/net/server/request_head.ts";
import { parseClientMessage, parseRequest } from "../../src/nostr/client_message.ts";
import { isAddressedTo } from "../../src/nostr/vanish_request.ts";
import { eventWords } from "../../src/nostr/search.ts";
import { testLimits } from "../kit/limits.ts";

/** Quadratic work on texts of this size would be thousands of times as much. */
const MOST_RATIO = 20;

function fill(text: string, length: number): string {
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

Deno.test("marks without end, ligatures of eighteen letters, one endless word: words cost what English does", () => {
  const cost = (text: string) => {
    const event = { kind: 1, tags: [], content: fill(text, 190_000) };
    return costMs(() => eventWords(event));
  };
  const plain = cost("the quick brown fox jumps over the lazy dogs ");
  const odd = [
    "\u0301\u0316",
    "a\u0301\u0316",
    "\ufdfa",
    "é",
    "👨‍👩‍👧",
    "漢字",
    "\u1100\u1161\u11a8",
    "x",
  ];
  for (const text of odd) {
    const ratio = cost(text) / plain;
    ok(ratio < MOST_RATIO, `${JSON.stringify(text)}: ${ratio.toFixed(1)} times English`);
  }
});

Deno.test("numbers, nesting, escapes, long lists: a message costs by its length, whatever it holds", () => {
  const length = 520_000;
  const list = (item: string) => `["REQ","a",{"kinds":[${item.repeat(length / item.length)}1]}]`;
  const ids = Array.from({ length: 7_700 }, (_, i) => `"${i.toString(16).padStart(64, "0")}"`);
  const cost = (text: string) => costMs(() => void parseText(text));
  const plain = cost(`["REQ","a",{"ids":[${ids.join()}]}]`);
  const odd: Readonly<Record<string, string>> = {
    fractions: list("1.5,"),
    "fractions that are integers": list("1.0,"),
    exponents: list("1e1,"),
    negatives: list("-1,"),
    integers: list("1,"),
    lists: list("[],"),
    objects: list("{},"),
    "empty strings": list('"",'),
    "one number": list("1"),
    escapes: `["EVENT",{"content":"${"\\u0041".repeat(80_000)}"}]`,
    quotes: `["EVENT",{"content":":-${'\\"a'.repeat(170_000)}"}]`,
    nesting: '["a",'.repeat(50_000) + "1" + "]".repeat(50_000),
    spaces: `["REQ","a",{"limit":${" ".repeat(length)}1}]`,
    keys: `["REQ","a",{${Array.from({ length: 40_000 }, (_, i) => `"k${i}":1`).join()}}]`,
  };
  for (const [name, text] of Object.entries(odd)) {
    // The runtime's own parser takes longer for many small tokens; what we add to it is what counts.
    const ratio = cost(text) / Math.max(plain, costMs(() => void JSON.parse(text)));
    ok(ratio < MOST_RATIO, `${name}: ${ratio.toFixed(1)} times what JSON.parse takes`);
  }
});

Deno.test("spaces and slashes that end nothing: a head and a request to vanish cost by their length", () => {
  const length = 15_000;
  const headMs = (value: string) => {
    const bytes = utf8(`GET / HTTP/1.1\r\nHost: h\r\nX: ${value}\r\n\r\n`);
    return costMs(() => void parseRequestHead(bytes, { maxHeaderBytes: 16_384 }));
  };
  const vanishMs = (path: string) => {
    const tags = [["relay", `wss://h/${path}`]];
    return costMs(() => void isAddressedTo({ tags }, "wss://h/x"));
  };
  for (const [cost, character] of [[headMs, " "], [headMs, "\t"], [vanishMs, "/"]] as const) {
    const ratio = cost(`a${character.repeat(length)}b`) / cost("a".repeat(length));
    ok(ratio < MOST_RATIO, `${cost.name}: ${ratio.toFixed(1)} times as much as letters`);
  }
});

Deno.test("a head that comes byte by byte is looked through at once each time", () => {
  const begun = (lines: string) => utf8(`GET / HTTP/1.1\r\n${lines}`);
  const looksMs = (bytes: Uint8Array) =>
    costMs(() => {
      for (let look = 0; look < 100; look++) parseRequestHead(bytes, { maxHeaderBytes: 16_384 });
    });
  const plainMs = looksMs(begun("a".repeat(15_000)));
  for (const line of ["\n", "a\r\n", "\r", "a:\r\n"]) {
    const ratio = looksMs(begun(fill(line, 15_000))) / plainMs;
    ok(ratio < MOST_RATIO, `${JSON.stringify(line)}: ${ratio.toFixed(1)} times one long line`);
  }
});

/** As far as the relay reads a REQ before it does anything. */
function parseText(text: string): unknown {
  const message = parseClientMessage(text);
  return "notice" in message ? message : parseRequest(message, testLimits);
}
