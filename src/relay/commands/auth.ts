/**
 * AUTH: a client proves that it holds a key. The answer is OK.
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
import type { Conversation, Verb } from "./conversation.ts";

/** Nobody guesses 32 bytes, and none is the challenge of another connection. */
const CHALLENGE_BYTES = 32;

/**
 * The challenge of one connection: sent when the connection begins, where the settings say so, and again
 * when something needs AUTH.
 */
export class Authentication {
  readonly #context: Pick<RelayContext, "random">;
  #challenge: string | undefined = undefined;
  /** Whether the client was asked because something needs AUTH, and has not answered since. */
  #isAsked = false;

  constructor(context: Pick<RelayContext, "random">) {
    this.#context = context;
  }

  /** What an answer has to hold; undefined before it was sent. */
  get challenge(): string | undefined {
    return this.#challenge;
  }

  /** The message that opens a connection. */
  greeting(): string {
    this.#challenge ??= bytesToHex(this.#context.random.bytes(CHALLENGE_BYTES));
    return challengeMessage(this.#challenge);
  }

  /** Asks for AUTH through `send`, once until the client has answered. */
  ask(send: (message: string) => void): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    send(this.greeting());
  }

  /** The client has answered. */
  answered(): void {
    this.#isAsked = false;
  }
}

/** Checks the proof and takes note of its key. @see NIP-42 */
export const authenticate: Verb = (conversation, message, messageBytes) => {
  const { peer, pending, answers, authentication, context } = conversation;
  const parsed = parseEventMessage(message);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if ("reason" in parsed) return peer.send(okMessage(parsed.id, false, parsed.reason));
  authentication.answered();
  const { event } = parsed;
  const fault = faultOf(event, conversation);
  if (fault !== undefined) return peer.send(okMessage(event.id, false, fault));
  pending.begin(messageBytes);
  void verified(event, conversation).then((refusal) => {
    pending.end(messageBytes);
    if (refusal !== undefined) peer.charge(context.limits.forgedEventCost);
    else conversation.client.authenticate(event.pubkey);
    answers.push(okMessage(event.id, refusal === undefined, refusal));
  });
};

/** What can be said without checking the signature. */
function faultOf(
  event: NostrEvent,
  { context, client, authentication }: Conversation,
): Reason | undefined {
  const { challenge } = authentication;
  if (challenge === undefined) return reason("invalid", "no challenge was sent");
  const { clock, limits, relayUrl, hashText } = context;
  // Without a URL of its own the relay is where the client found it.
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
    : undefined;
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
