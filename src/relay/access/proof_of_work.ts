/**
 * Refuses events with too little proof of work.
 *
 * @see NIP-13
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { committedDifficulty, difficultyOf } from "../../nostr/proof_of_work.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** The difficulty that events need. */
interface WorkLimits {
  /** Least difficulty, leading zero bits of the id; 0 for none. */
  readonly minBits: number;
  /** Difficulty by kind, in place of `minBits`. */
  readonly kindBits: ReadonlyMap<number, number>;
  /**
   * Whether the `nonce` tag has to commit to a target difficulty, so that ids that are low by
   * chance do not count.
   */
  readonly isCommitted: boolean;
}

/**
 * Refuses events whose difficulty is too low. Requests to vanish and imported events are exempt.
 *
 * @see NIP-13
 */
export function proofOfWork({ minBits, kindBits, isCommitted }: WorkLimits): Policy {
  return {
    name: "proof of work",
    information: minBits > 0 || kindBits.size > 0
      ? { supportedNips: [13], ...minBits > 0 && { minPowDifficulty: minBits } }
      : {},
    screen({ event, origin }) {
      if (event.kind === VANISH_REQUEST || origin === "import" || origin === "relay") {
        return undefined;
      }
      const wanted = kindBits.get(event.kind) ?? minBits;
      if (wanted === 0) return undefined;
      return workRefusal(event, { bits: wanted, isCommitted });
    },
  };
}

/**
 * The refusal of an event that shows less work than `bits`, or commits to less.
 *
 * @see NIP-13
 */
export function workRefusal(
  event: NostrEvent,
  { bits, isCommitted, whose = "" }: Pick<WorkLimits, "isCommitted"> & {
    readonly bits: number;
    /** Whose events need it, as the end of a sentence. Default: everybody's. */
    readonly whose?: string;
  },
): Reason | undefined {
  const difficulty = difficultyOf(event.id);
  if (difficulty < bits) {
    return reason("pow", `difficulty ${difficulty} is less than ${bits}${whose}`);
  }
  const committed = committedDifficulty(event);
  const isTooLittle = committed === undefined ? isCommitted : committed < bits;
  return isTooLittle
    ? reason("pow", `the nonce tag commits to less than difficulty ${bits}${whose}`)
    : undefined;
}
