/**
 * Formats the relay's messages.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 * @module
 */

import { utf8 } from "../base/bytes.ts";
import { bytesToHex } from "./hex.ts";
import { type Reason, reasonText } from "./reason.ts";

/**
 * OK: the answer to EVENT or AUTH. The fourth element is empty when there is no reason.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 */
export function okMessage(id: string, accepted: boolean, reason?: Reason): string {
  return JSON.stringify(["OK", id, accepted, reason === undefined ? "" : reasonText(reason)]);
}

/**
 * EOSE: the end of stored events.
 *
 * @param isComplete whether every stored event that matches was sent; false also when that is not
 * known
 *
 * @see NIP-01 "From relay to client: sending events and notices", NIP-67
 */
export function eoseMessage(subscription: string, isComplete: boolean): string {
  return `["EOSE",${JSON.stringify(subscription)}${isComplete ? ',["finish"]' : ""}]`;
}

/**
 * CLOSED: the relay refuses or ends a subscription.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 */
export function closedMessage(subscription: string, reason: Reason): string {
  return JSON.stringify(["CLOSED", subscription, reasonText(reason)]);
}

/** The result of a COUNT. */
export interface CountResult {
  /** The count; a lower bound when `isApproximate`. */
  readonly count: number;
  /** Whether counting stopped at its limit. */
  readonly isApproximate: boolean;
  /** The 256 HyperLogLog registers, if the filter has them. */
  readonly registers?: Uint8Array;
}

/**
 * COUNT: the answer to a COUNT.
 *
 * @see NIP-45
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
 * AUTH: asks the client to authenticate.
 *
 * @see NIP-42
 */
export function challengeMessage(challenge: string): string {
  return `["AUTH",${JSON.stringify(challenge)}]`;
}

/**
 * NEG-MSG: the next message of a reconciliation.
 *
 * @see NIP-77
 */
export function negMessage(id: string, message: Uint8Array): string {
  return `["NEG-MSG",${JSON.stringify(id)},"${bytesToHex(message)}"]`;
}

/**
 * NEG-ERR: the relay refuses or ends a reconciliation.
 *
 * @param maxEvents how many events may be reconciled, when that was exceeded
 *
 * @see NIP-77
 */
export function negErrorMessage(id: string, reason: Reason, maxEvents?: number): string {
  const limit = maxEvents === undefined ? [] : [maxEvents];
  return JSON.stringify(["NEG-ERR", id, reasonText(reason), ...limit]);
}

/**
 * NOTICE: a message for people.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 */
export function noticeMessage(text: string): string {
  return `["NOTICE",${JSON.stringify(text)}]`;
}

/**
 * The bytes of an EVENT message before the event's JSON. Computed once for each subscription; the
 * JSON and {@link eventMessageTail} are shared by all.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 */
export function eventMessageHead(subscription: string): Uint8Array<ArrayBuffer> {
  return utf8(`["EVENT",${JSON.stringify(subscription)},`);
}

/** The bytes of an EVENT message after the event's JSON. */
export const eventMessageTail: Uint8Array = utf8("]");
