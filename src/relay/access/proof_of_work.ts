/**
 * Refuses events with too little proof of work.
 *
 * @see NIP-13
 * @module
 */

import { committedDifficulty, difficultyOf } from "../../nostr/proof_of_work.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** The difficulty that events need. */
export interface WorkLimits {
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
      const difficulty = difficultyOf(event.id);
      if (difficulty < wanted) {
        return reason("pow", `difficulty ${difficulty} is less than ${wanted}`);
      }
      const committed = committedDifficulty(event);
      const isTooLittle = committed === undefined ? isCommitted : committed < wanted;
      return isTooLittle
        ? reason("pow", `the nonce tag commits to less than difficulty ${wanted}`)
        : undefined;
    },
  };
}
