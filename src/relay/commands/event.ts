/**
 * EVENT: publishes an event. The answer is OK.
 *
 * @see NIP-01
 * @module
 */

import { parseEventMessage } from "../../nostr/client_message.ts";
import { noticeMessage, okMessage } from "../../nostr/relay_message.ts";
import { countRefusal } from "../counters.ts";
import { asksForAuth, chargeIfLimited, type Verb } from "./conversation.ts";

/** Publishes the event and answers with OK. */
export const publish: Verb = (conversation, message, messageBytes) => {
  const { context, peer, client, source, pending, answers, authentication } = conversation;
  const parsed = parseEventMessage(message);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if ("reason" in parsed) {
    context.counters.refused++;
    countRefusal(context.counters, parsed.reason.prefix);
    conversation.noteRefusal(parsed.reason);
    return peer.send(okMessage(parsed.id, false, parsed.reason));
  }
  const { event } = parsed;
  pending.begin(messageBytes);
  const { clock, timings } = context;
  // Not the present: it may have waited for the turns of other connections.
  const arrivedMs = peer.lastHeardMs;
  void context.publisher.publish(event, { client, source, arrivedMs }).then((verdict) => {
    pending.end(messageBytes);
    if (verdict.accepted) conversation.tally.accepted++;
    // Whoever forges an event names somebody else as its author.
    else conversation.noteRefusal(verdict.reason, verdict.isForged ? undefined : event.pubkey);
    timings.eventToOk.observe((clock.monotonicMs() - arrivedMs) / 1_000);
    if (verdict.isForged) peer.charge(context.limits.forgedEventCost);
    else chargeIfLimited(conversation, verdict.reason);
    if (asksForAuth(verdict.reason)) authentication.ask((challenge) => answers.push(challenge));
    answers.push(okMessage(event.id, verdict.accepted, verdict.reason));
  });
};
