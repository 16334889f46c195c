/**
 * Answers the AUTH challenge of another relay.
 *
 * @see NIP-42
 * @module
 */

import { CLIENT_AUTHENTICATION } from "../nostr/client_authentication.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { eventId } from "../nostr/event_id.ts";
import { hexToBytes } from "../nostr/hex.ts";

/** A key that signs. */
export interface RemoteSigner {
  /** 64 hex digits. */
  readonly pubkey: string;
  /** The BIP-340 signature of the 32 bytes of an id, 128 hex digits. */
  sign(id: Uint8Array): string;
}

interface ChallengeToSign {
  readonly challenge: string;
  /** The URL of the relay that sent it. */
  readonly url: string;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/** The event that answers a challenge. @see NIP-42 "Canonical authentication event" */
export function authenticationEvent(
  { challenge, url, nowMs }: ChallengeToSign,
  signer: RemoteSigner,
): NostrEvent {
  const unsigned = {
    pubkey: signer.pubkey,
    created_at: Math.floor(nowMs / 1_000),
    kind: CLIENT_AUTHENTICATION,
    tags: [["relay", url], ["challenge", challenge]],
    content: "",
  } as const;
  const id = eventId(unsigned);
  return { ...unsigned, id, sig: signer.sign(hexToBytes(id)) };
}
