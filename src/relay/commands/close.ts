/**
 * CLOSE: ends a subscription.
 *
 * @see NIP-01
 * @module
 */

import { parseClose } from "../../nostr/client_message.ts";
import { noticeMessage } from "../../nostr/relay_message.ts";
import type { Verb } from "./conversation.ts";

/** Ends a subscription in silence, as NIP-01 has it. */
export const close: Verb = ({ peer, subscriptions }, message) => {
  const parsed = parseClose(message);
  if ("notice" in parsed) peer.send(noticeMessage(parsed.notice));
  else subscriptions.end(parsed.id);
};
