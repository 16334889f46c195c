/**
 * What the relay says, as the text of one WebSocket message.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 * @module
 */

import { utf8 } from "../base/bytes.ts";
import { bytesToHex } from "./hex.ts";
import { type Reason, reasonText } from "./reason.ts";

/**
 * The answer to EVENT: always four elements, the last one empty only without a reason.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 *
 * @example
 * ```ts
 * import { reason } from "./reason.ts";
 * import { okMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(okMessage("ab", true), '["OK","ab",true,""]');
 * equal(okMessage("ab", false, reason("blocked", "no")), '["OK","ab",false,"blocked: no"]');
 * ```
 */
export function okMessage(id: string, accepted: boolean, reason?: Reason): string {
  return JSON.stringify(["OK", id, accepted, reason === undefined ? "" : reasonText(reason)]);
}

/**
 * The end of stored events.
 *
 * @param isComplete whether every stored event that matches was sent; false also where that is not known.
 *
 * @see NIP-01 "From relay to client: sending events and notices", NIP-67
 *
 * @example
 * ```ts
 * import { eoseMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(eoseMessage('a"b', false), '["EOSE","a\\"b"]');
 * equal(eoseMessage("a", true), '["EOSE","a",["finish"]]');
 * ```
 */
export function eoseMessage(subscription: string, isComplete: boolean): string {
  return `["EOSE",${JSON.stringify(subscription)}${isComplete ? ',["finish"]' : ""}]`;
}

/**
 * The end of a subscription, or the refusal of one, by the relay.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 *
 * @example
 * ```ts
 * import { reason } from "./reason.ts";
 * import { closedMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(closedMessage("feed", reason("error", "shut")), '["CLOSED","feed","error: shut"]');
 * ```
 */
export function closedMessage(subscription: string, reason: Reason): string {
  return JSON.stringify(["CLOSED", subscription, reasonText(reason)]);
}

/** How many events match, as far as it was counted. */
export interface CountResult {
  /** How many; the least that it can be where `isApproximate`. */
  readonly count: number;
  /** Whether counting ended at its bound. */
  readonly isApproximate: boolean;
  /** The 256 registers of HyperLogLog, for a filter that has them. */
  readonly registers?: Uint8Array;
}

/**
 * The answer to COUNT.
 *
 * @see NIP-45
 *
 * @example
 * ```ts
 * import { countMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * const counted = { count: 3, isApproximate: false };
 * equal(countMessage("likes", counted), '["COUNT","likes",{"count":3}]');
 * equal(
 *   countMessage("likes", { ...counted, isApproximate: true }),
 *   '["COUNT","likes",{"count":3,"approximate":true}]',
 * );
 * ```
 */
export function countMessage(query: string, counted: CountResult): string {
  const { count, isApproximate, registers } = counted;
  return JSON.stringify(["COUNT", query, {
    count,
    ...(isApproximate && { approximate: true }),
    ...(registers && { hll: bytesToHex(registers) }),
  }]);
}

/**
 * Asks the client to prove that it holds a key.
 *
 * @see NIP-42
 */
export function challengeMessage(challenge: string): string {
  return `["AUTH",${JSON.stringify(challenge)}]`;
}

/**
 * The next message of a reconciliation.
 *
 * @see NIP-77
 */
export function negMessage(id: string, message: Uint8Array): string {
  return `["NEG-MSG",${JSON.stringify(id)},"${bytesToHex(message)}"]`;
}

/**
 * The end of a reconciliation, by the relay.
 *
 * @param most how many events may be compared, where there were more
 *
 * @see NIP-77
 */
export function negErrorMessage(id: string, reason: Reason, most?: number): string {
  return JSON.stringify(["NEG-ERR", id, reasonText(reason), ...most === undefined ? [] : [most]]);
}

/**
 * Something for people to read, about nothing in particular.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 *
 * @example
 * ```ts
 * import { noticeMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(noticeMessage("hello"), '["NOTICE","hello"]');
 * ```
 */
export function noticeMessage(text: string): string {
  return `["NOTICE",${JSON.stringify(text)}]`;
}

/**
 * The bytes before an event's JSON in the message that brings it to one subscription. Made once for
 * each subscription: what follows, the event and {@link eventMessageTail}, is shared by all.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 *
 * @example
 * ```ts
 * import { concat, utf8, utf8Decode } from "../base/bytes.ts";
 * import { eventMessageHead, eventMessageTail } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * const message = concat([eventMessageHead("feed"), utf8("{}"), eventMessageTail]);
 * equal(utf8Decode(message), '["EVENT","feed",{}]');
 * ```
 */
export function eventMessageHead(subscription: string): Uint8Array<ArrayBuffer> {
  return utf8(`["EVENT",${JSON.stringify(subscription)},`);
}

/** The bytes after an event's JSON in the message that brings it. */
export const eventMessageTail: Uint8Array = utf8("]");
