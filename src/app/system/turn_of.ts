/**
 * Work that takes turns with all other work of this thread, by clients.
 *
 * @module
 */

import { ownSource, type Source } from "../../base/fair_queue.ts";
import { processTurns } from "../../net/turns.ts";

/** What the work of one turn counts for: it takes a millisecond or a few. */
const TURN_COST_BYTES = 16 * 1024;

/** Resolves when it is the turn of `source`. */
export function turnOf(source: Source = ownSource): Promise<void> {
  return new Promise((resolve) =>
    processTurns.add(() => {
      processTurns.spend(TURN_COST_BYTES);
      resolve();
    }, source)
  );
}
