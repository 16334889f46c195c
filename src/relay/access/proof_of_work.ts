/**
 * Events that have to cost their sender something.
 *
 * @see NIP-13
 * @module
 */

import { committedDifficulty, difficultyOf } from "../../nostr/proof_of_work.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** How much work is asked for. */
export interface WorkLimits {
  /** Leading zero bits of an id; 0 for none. */
  readonly minBits: number;
  /** The same for some kinds, in place of it. */
  readonly kindBits: ReadonlyMap<number, number>;
  /** Whether the `nonce` tag has to say that as much was aimed for: luck then counts for nothing. */
  readonly isCommitted: boolean;
}

/**
 * Refuses events with less work than asked for. Requests to vanish need none, nor does what an operator
 * imports.
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
