/**
 * The relay's way to check signatures, as the settings want it.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { signatureHolds } from "../nostr/signature.ts";
import type { Verifier } from "../relay/verifier.ts";
import type { Settings } from "./setting_list.ts";
import { chooseEngine } from "./signature_engine.ts";
import { VerifyPool } from "./verify_pool.ts";
import { threadStarter } from "./verify_thread.ts";

/** Checks that may wait for a thread: seconds of work for one core, and about 10 MB of events. */
const MAX_WAITING = 8_192;

/** A verifier that whoever made it must close. */
export interface OwnedVerifier extends Verifier {
  /** Ends its threads. Checks that were not done are rejected. */
  close(): void;
}

/**
 * Chooses and tests an engine, and makes a verifier around it: on this thread for 0 workers, else on
 * so many others. Says in the log what was chosen.
 *
 * @throws Error when the engine that the settings name cannot be used.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../base/log.ts";
 * import { createVerifier } from "./verifier.ts";
 *
 * const verifier = await createVerifier({ engine: "noble", workers: 0 }, silentLog);
 * const zeros = { id: "00".repeat(32), pubkey: "00".repeat(32), sig: "00".repeat(64) };
 * equal(await verifier.verify({ ...zeros, created_at: 0, kind: 1, tags: [], content: "" }), false);
 * verifier.close();
 * ```
 */
export async function createVerifier(
  { engine: wanted, workers }: Settings["signatures"],
  log: Log,
): Promise<OwnedVerifier> {
  const engine = await chooseEngine(wanted, log);
  log.info("signature engine chosen", { engine: engine.name, workers });
  if (workers === 0) {
    const verify = (event: NostrEvent) => Promise.resolve(signatureHolds(event, engine));
    return { verify, close() {} };
  }
  const start = threadStarter(engine.name);
  return new VerifyPool({ start, threads: workers, maxWaiting: MAX_WAITING, engine, log });
}
