/**
 * Restricts who may publish and who may read.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Client } from "./client.ts";
import type { Policy, Submission } from "./policy.ts";

/**
 * Who may publish.
 *
 * - `anyone`
 * - `authenticated`: clients that have authenticated, with any key.
 * - `members`: only events of members.
 * - `correspondents`: events of members, and events that name a member in a `p` tag.
 * - `nobody`: the relay takes no events.
 */
export type Writers = "anyone" | "authenticated" | "members" | "correspondents" | "nobody";

/** Whose requests are answered. */
export type Readers = "anyone" | "authenticated" | "members";

/** Whether a public key is a member's. */
type IsMember = (key: string) => boolean;

/**
 * Restricts who may publish and who may read. Requests to vanish are exempt, as NIP-62 requires,
 * and so are imported events.
 *
 * @see NIP-42
 */
export function membership(
  { writers, readers, isMember }: {
    readonly writers: Writers;
    readonly readers: Readers;
    readonly isMember: IsMember;
  },
): Policy {
  return {
    name: "membership",
    information: {
      ...writers !== "anyone" && { restrictedWrites: true },
      ...writers !== "anyone" && readers !== "anyone" && { authRequired: true },
    },
    screen: (submission) =>
      submission.event.kind === VANISH_REQUEST || submission.origin === "import"
        ? undefined
        : writeRefusal(submission, writers, isMember),
    request: ({ client }) => readRefusal(client, readers, isMember),
  };
}

function writeRefusal(
  { event, client }: Submission,
  writers: Writers,
  isMember: IsMember,
): Reason | undefined {
  switch (writers) {
    case "anyone":
      return undefined;
    case "authenticated":
      return client === undefined || client.keys.size > 0
        ? undefined
        : reason("auth-required", "only authenticated clients may publish");
    case "members":
      return isMember(event.pubkey)
        ? undefined
        : reason("restricted", "only members may publish here");
    case "correspondents":
      return isMember(event.pubkey) || isAddressed(event, isMember)
        ? undefined
        : reason("restricted", "only members, and others who write to members, may publish here");
    case "nobody":
      return reason("restricted", "this relay accepts no events");
  }
}

function isAddressed({ tags }: NostrEvent, isMember: IsMember): boolean {
  return tags.some(([name, value]) => name === "p" && value !== undefined && isMember(value));
}

/** Why a client's requests are refused; undefined if they are answered. */
export function readRefusal(
  { keys }: Client,
  readers: Readers,
  isMember: IsMember,
): Reason | undefined {
  if (readers === "anyone") return undefined;
  if (keys.size === 0) return reason("auth-required", "only authenticated clients may read");
  return readers === "authenticated" || keys.values().some(isMember)
    ? undefined
    : reason("restricted", "only members may read here");
}
