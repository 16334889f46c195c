/**
 * What the relay says, as the text of one WebSocket message.
 *
 * @see NIP-01 "From relay to client: sending events and notices"
 * @module
 */

import { utf8 } from "../base/bytes.ts";
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
 * @see NIP-01 "From relay to client: sending events and notices"
 *
 * @example
 * ```ts
 * import { eoseMessage } from "./relay_message.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(eoseMessage('a"b'), '["EOSE","a\\"b"]');
 * ```
 */
export function eoseMessage(subscription: string): string {
  return `["EOSE",${JSON.stringify(subscription)}]`;
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
