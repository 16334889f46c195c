/**
 * A policy is one reason to refuse an event. It is asked before the signature is checked, so it costs
 * next to nothing and believes nothing but what the event itself says.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { Reason } from "../../nostr/reason.ts";

/** What a policy may look at. */
export interface Submission {
  readonly event: NostrEvent;
  /** Length of the event's canonical JSON, bytes. */
  readonly jsonBytes: number;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/** Undefined to let the event pass, or why not. */
export type Policy = (submission: Submission) => Reason | undefined;

/**
 * The first refusal of `policies` is the answer.
 */
export function firstRefusal(policies: readonly Policy[]): Policy {
  return (submission) => {
    for (const policy of policies) {
      const refusal = policy(submission);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}
