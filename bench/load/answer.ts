/**
 * Reads of a relay's message what a load needs, from its bytes and without parsing the JSON.
 *
 * @module
 */

import { utf8Decode } from "../../src/base/bytes.ts";
import { prefixOf, type Tally } from "./tally.ts";

/** What a message is. */
export type Verb = "EVENT" | "EOSE" | "OK" | "CLOSED" | "NOTICE" | "AUTH" | "other";

const QUOTE = 0x22;
const byte = (letter: string) => letter.charCodeAt(0);
const [A, C, E, L, N, O, V, T] = ["A", "C", "E", "L", "N", "O", "V", "t"].map(byte);

/** Two letters tell the verbs apart. Relays may write spaces between the elements. */
export function verbOf(payload: Uint8Array): Verb {
  const start = afterQuote(payload, 1);
  const [first, second] = [payload[start], payload[start + 1]];
  if (first === E) return second === V ? "EVENT" : "EOSE";
  if (first === O) return "OK";
  if (first === C) return second === L ? "CLOSED" : "other";
  if (first === N) return second === O ? "NOTICE" : "other";
  return first === A ? "AUTH" : "other";
}

/** The key of the event that an OK is about. */
export function okKey(payload: Uint8Array): number {
  return keyAt(payload, afterQuote(payload, 3));
}

/** Whether an OK is true, and nothing is said with it, as there is of a duplicate. */
export function okResult(payload: Uint8Array): "accepted" | "accepted, with a message" | "refused" {
  let at = afterQuote(payload, 4);
  // "true", "false", and what separates them from the id.
  while (at < payload.length && payload[at]! < 0x61) at++;
  if (payload[at] !== T) return "refused";
  const message = afterQuote(payload.subarray(at), 1);
  return payload[at + message] === QUOTE || at + message >= payload.length
    ? "accepted"
    : "accepted, with a message";
}

/** The number in a subscription id such as `q17`; NaN without one. */
export function subscriptionNumber(payload: Uint8Array): number {
  let at = afterQuote(payload, 3) + 1;
  let number = NaN;
  for (let digit; (digit = payload[at]! - 0x30) >= 0 && digit <= 9; at++) {
    number = (Number.isNaN(number) ? 0 : number) * 10 + digit;
  }
  return number;
}

/** Twelve of an event id's 64 hex digits, as a number: 48 bits tell the events of a load apart. */
export function keyOf(id: string): number {
  return parseInt(id.slice(0, 12), 16);
}

/** The same of the digits at `start`; NaN where there are none. */
export function keyAt(payload: Uint8Array, start: number): number {
  let key = 0;
  for (let at = start; at < start + 12; at++) {
    const code = payload[at]!;
    const digit = code <= 0x39 ? code - 0x30 : code - 0x57;
    if (!(digit >= 0 && digit <= 15)) return NaN;
    key = key * 16 + digit;
  }
  return key;
}

const ID = new TextEncoder().encode('"id"');

/**
 * Finds the key of the event in an EVENT message. Where the id is depends on the order in which a
 * relay writes an event's parts, so the place of the last one is tried first.
 */
export class EventKeys {
  #at = 0;

  /** NaN where there is no id. */
  keyOf(payload: Uint8Array): number {
    if (!isAt(payload, this.#at)) {
      this.#at = 0;
      while (!isAt(payload, this.#at)) if (++this.#at >= payload.length) return NaN;
    }
    const gap = afterQuote(payload.subarray(this.#at + ID.length), 1);
    return keyAt(payload, this.#at + ID.length + gap);
  }
}

/** `"id":`, for `["id",…]` may be a tag; quotes in a text are escaped. */
function isAt(payload: Uint8Array, start: number): boolean {
  for (let i = 0; i < ID.length; i++) if (payload[start + i] !== ID[i]) return false;
  let at = start + ID.length;
  while (payload[at] === 0x20) at++;
  return payload[at] === 0x3a;
}

/** The place behind the `nth` quote, or the end. */
function afterQuote(payload: Uint8Array, nth: number): number {
  let at = 0;
  for (let left = nth; at < payload.length; at++) {
    if (payload[at] === QUOTE && --left === 0) return at + 1;
  }
  return at;
}

/** Counts what is no EVENT, EOSE or plain OK under its verb and the prefix of its text. */
export function tallyAnswer(tally: Tally, payload: Uint8Array): void {
  let message: unknown;
  try {
    message = JSON.parse(utf8Decode(payload) ?? "");
  } catch {
    message = undefined;
  }
  if (!Array.isArray(message)) return tally.add("no Nostr message");
  const [verb] = message;
  const text = typeof message.at(-1) === "string" ? message.at(-1) : "";
  if (verb === "OK") return tally.add(`OK ${message[2] === true}, ${prefixOf(text)}`, text);
  if (verb === "CLOSED") return tally.add(`CLOSED, ${prefixOf(text)}`, text);
  if (verb === "NOTICE") return tally.add("NOTICE", text);
  if (verb === "AUTH") return tally.add("AUTH challenge");
  tally.add("another verb", String(verb));
}
