import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { concat, utf8, utf8Decode } from "../../src/base/bytes.ts";
import { reason } from "../../src/nostr/reason.ts";
import {
  closedMessage,
  countMessage,
  eoseMessage,
  eventMessageHead,
  eventMessageTail,
  noticeMessage,
  okMessage,
} from "../../src/nostr/relay_message.ts";

const BLOCKED = reason("blocked", 'not "here"');

Deno.test("NIP01-01: OK has four elements, the last a string", () => {
  deepEqual(JSON.parse(okMessage("ab", true)), ["OK", "ab", true, ""]);
  deepEqual(JSON.parse(okMessage("ab", false, BLOCKED)), [
    "OK",
    "ab",
    false,
    'blocked: not "here"',
  ]);
});

Deno.test("NIP45-01 NIP45-07: COUNT tells what it knows and nothing else", () => {
  const registers = new Uint8Array(256);
  registers[255] = 57;
  deepEqual(JSON.parse(countMessage('a"b', { count: 7, isApproximate: true, registers })), [
    "COUNT",
    'a"b',
    { count: 7, approximate: true, hll: `${"00".repeat(255)}39` },
  ]);
  equal(countMessage("q", { count: 0, isApproximate: false }), '["COUNT","q",{"count":0}]');
});

Deno.test("NIP01-14: OK true may carry a reason too", () => {
  const seen = reason("duplicate", "already stored");
  equal(okMessage("ab", true, seen), '["OK","ab",true,"duplicate: already stored"]');
});

Deno.test("NIP01-34: any subscription id comes back as it was sent", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (id) => {
    deepEqual(JSON.parse(eoseMessage(id, false)), ["EOSE", id]);
    deepEqual(JSON.parse(eoseMessage(id, true)), ["EOSE", id, ["finish"]]);
    deepEqual(JSON.parse(closedMessage(id, BLOCKED)), ["CLOSED", id, 'blocked: not "here"']);
    deepEqual(JSON.parse(noticeMessage(id)), ["NOTICE", id]);
    const event = concat([eventMessageHead(id), utf8('{"kind":1}'), eventMessageTail]);
    deepEqual(JSON.parse(utf8Decode(event)!), ["EVENT", id, { kind: 1 }]);
  }));
});

Deno.test("messages are compact", () => {
  equal(closedMessage("a", reason("error", "b")), '["CLOSED","a","error: b"]');
  equal(utf8Decode(eventMessageHead("a")), '["EVENT","a",');
});
