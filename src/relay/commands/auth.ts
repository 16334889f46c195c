/**
 * AUTH: authenticates a client with a signed challenge. The answer is OK.
 *
 * @see NIP-42
 * @module
 */

import { authenticationFault } from "../../nostr/client_authentication.ts";
import { parseEventMessage } from "../../nostr/client_message.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { eventId } from "../../nostr/event_id.ts";
import { bytesToHex } from "../../nostr/hex.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { challengeMessage, noticeMessage, okMessage } from "../../nostr/relay_message.ts";
import type { RelayContext } from "../context.ts";
import { countRefusal } from "../counters.ts";
import { chargeIfLimited, type Conversation, type Verb } from "./conversation.ts";

/** Random bytes of a challenge: enough to be unguessable and unique to the connection. */
const CHALLENGE_BYTES = 32;

/**
 * The challenge of one connection. It is sent on connecting, if so configured, and when a request
 * needs AUTH.
 */
export class Authentication {
  readonly #context: Pick<RelayContext, "random">;
  #challenge: string | undefined = undefined;
  /** Whether AUTH was requested and the client has not answered yet. */
  #isAsked = false;

  constructor(context: Pick<RelayContext, "random">) {
    this.#context = context;
  }

  /** The challenge to be signed; undefined before it was sent. */
  get challenge(): string | undefined {
    return this.#challenge;
  }

  /** The AUTH message for the client. */
  greeting(): string {
    this.#challenge ??= bytesToHex(this.#context.random.bytes(CHALLENGE_BYTES));
    return challengeMessage(this.#challenge);
  }

  /** Sends the challenge, at most once until the client answers. */
  ask(send: (message: string) => void): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    send(this.greeting());
  }

  answered(): void {
    this.#isAsked = false;
  }
}

/** Checks a signed challenge and adds its key to the client. @see NIP-42 */
export const authenticate: Verb = (conversation, message, messageBytes) => {
  const { peer, pending, answers, authentication, context } = conversation;
  const parsed = parseEventMessage(message);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if ("reason" in parsed) {
    noteRefusal(conversation, parsed.reason);
    return peer.send(okMessage(parsed.id, false, parsed.reason));
  }
  authentication.answered();
  const { event } = parsed;
  const fault = faultOf(event, conversation);
  if (fault !== undefined) {
    noteRefusal(conversation, fault);
    chargeIfLimited(conversation, fault);
    return peer.send(okMessage(event.id, false, fault));
  }
  pending.begin(messageBytes);
  void verified(event, conversation).then((refusal) => {
    pending.end(messageBytes);
    if (refusal === undefined) conversation.client.authenticate(event.pubkey);
    else {
      noteRefusal(conversation, refusal);
      peer.charge(context.limits.forgedEventCost);
    }
    answers.push(okMessage(event.id, refusal === undefined, refusal));
  });
};

function noteRefusal(conversation: Conversation, why: Reason): void {
  countRefusal(conversation.context.counters, why.prefix);
  conversation.noteRefusal(why);
}

/** All checks but the signature. */
function faultOf(
  event: NostrEvent,
  { context, client, authentication }: Conversation,
): Reason | undefined {
  const { challenge } = authentication;
  if (challenge === undefined) return reason("invalid", "no challenge was sent");
  const { access, clock, limits, relayUrl, hashText } = context;
  // Without a configured URL, the one that the client connected to counts.
  const url = relayUrl ?? client.url;
  const relayUrls = url === undefined ? [] : [url];
  const fault = authenticationFault(event, { challenge, relayUrls, nowMs: clock.nowMs() });
  if (fault !== undefined) return reason("invalid", fault);
  if (eventId(event, { hashText }) !== event.id) {
    return reason("invalid", "id is not the hash of the event");
  }
  const { keys } = client;
  return keys.size >= limits.maxAuthenticatedKeys && !keys.has(event.pubkey)
    ? reason("rate-limited", `at most ${limits.maxAuthenticatedKeys} keys may authenticate`)
    : access.authenticate(event.pubkey, client);
}

async function verified(
  event: NostrEvent,
  { context: { verifier, log }, source }: Conversation,
): Promise<Reason | undefined> {
  try {
    return await verifier.verify(event, source)
      ? undefined
      : reason("invalid", "signature does not fit the author and the id");
  } catch (error) {
    log.error("a signature could not be checked", { error: String(error) });
    return reason("error", "the signature could not be checked");
  }
}
