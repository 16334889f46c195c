import { deepEqual, equal } from "node:assert/strict";
import {
  EventKeys,
  keyOf,
  okKey,
  okResult,
  subscriptionNumber,
  tallyAnswer,
  verbOf,
} from "../../bench/load/answer.ts";
import { Tally } from "../../bench/load/tally.ts";
import { utf8 } from "../../src/base/bytes.ts";

const ID = "0123456789abcdef".repeat(4);

/** As relays write it: with spaces, as Python does, and without. */
const written = (message: readonly unknown[]) =>
  [
    JSON.stringify(message),
    JSON.stringify(message, null, 1).replace(/\n */g, " "),
    `[${message.map((element) => JSON.stringify(element)).join(", ")}]`,
  ].map(utf8);

Deno.test("two letters tell the verbs apart", () => {
  for (const verb of ["EVENT", "EOSE", "OK", "CLOSED", "NOTICE", "AUTH"] as const) {
    for (const payload of written([verb, "x"])) equal(verbOf(payload), verb);
  }
  for (const text of ['["COUNT","q1",{}]', '["NEG-MSG","q1"]', "[]", "", "hello", '"']) {
    equal(verbOf(utf8(text)), "other", text);
  }
});

Deno.test("an OK is known by the event's id, with spaces and without", () => {
  for (const payload of written(["OK", ID, true, ""])) equal(okKey(payload), keyOf(ID));
  equal(okKey(utf8('["OK","not an id",true,""]')), NaN);
  equal(okKey(utf8('["OK"]')), NaN);
});

Deno.test("an OK accepts, accepts with a message, or refuses", () => {
  const results = (...end: unknown[]) => new Set(written(["OK", ID, ...end]).map(okResult));
  deepEqual(results(true, ""), new Set(["accepted"]));
  deepEqual(results(true), new Set(["accepted"]));
  deepEqual(results(true, "duplicate: known"), new Set(["accepted, with a message"]));
  deepEqual(results(false, "blocked: no"), new Set(["refused"]));
  deepEqual(results(false, ""), new Set(["refused"]));
  deepEqual(results(), new Set(["refused"]));
});

Deno.test("an answer names its question by number", () => {
  for (const payload of written(["EOSE", "q170"])) equal(subscriptionNumber(payload), 170);
  equal(subscriptionNumber(utf8('["CLOSED","q0","error: x"]')), 0);
  equal(subscriptionNumber(utf8('["EOSE","other"]')), NaN);
  equal(subscriptionNumber(utf8("[]")), NaN);
});

Deno.test("an event is known by its id wherever a relay writes it", () => {
  const keys = new EventKeys();
  const [first, last] = [{ id: ID, kind: 1 }, { kind: 1, content: '"id":"0', id: ID }];
  for (const event of [first, first, last, last, first]) {
    for (const payload of written(["EVENT", "q0", event])) equal(keys.keyOf(payload), keyOf(ID));
  }
});

Deno.test("a tag named id is no id, and without one there is no key", () => {
  const keys = new EventKeys();
  const event = { tags: [["id", "f".repeat(64)]], id: ID };
  for (const payload of written(["EVENT", "q0", event])) equal(keys.keyOf(payload), keyOf(ID));
  equal(keys.keyOf(utf8('["EVENT","q0",{}]')), NaN);
});

Deno.test("what a relay says otherwise is counted by verb and reason, whatever it is", () => {
  const tally = new Tally();
  const messages = [
    '["OK","x",false,"blocked: spam"]',
    '["OK","x",true,"duplicate: known"]',
    '["CLOSED","q1","auth-required: who are you?"]',
    '["CLOSED","q1"]',
    '["NOTICE","slow down"]',
    '["AUTH","challenge"]',
    '["NEG-ERR","q1","blocked: no"]',
    "{}",
    "not JSON",
  ];
  for (const message of messages) tallyAnswer(tally, utf8(message));
  tallyAnswer(tally, Uint8Array.of(0xff));
  deepEqual(
    Object.fromEntries(Object.entries(tally.entries()).map(([name, { count }]) => [name, count])),
    {
      "no Nostr message": 3,
      "OK false, blocked": 1,
      "OK true, duplicate": 1,
      "CLOSED, auth-required": 1,
      "CLOSED, no prefix": 1,
      NOTICE: 1,
      "AUTH challenge": 1,
      "another verb": 1,
    },
  );
});
