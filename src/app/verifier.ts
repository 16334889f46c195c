/**
 * The relay's way to check signatures, as the settings want it.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { signatureHolds } from "../nostr/signature.ts";
import type { Verifier } from "../nostr/verifier.ts";
import type { Settings } from "./settings/setting_list.ts";
import { AUTOMATIC_WORKERS } from "./settings/sections/signatures.ts";
import { chooseEngine, type EngineName, type OwnedEngine } from "../signatures/signature_engine.ts";
import { VerifyPool } from "../signatures/verify_pool.ts";
import { threadStarter } from "../signatures/verify_thread.ts";

/** On fewer the database and the system need the other core, and a worker only adds to the work. */
const CORES_FOR_NATIVE_WORKER = 3;

/** To send fewer native checks and take the answer back costs this thread as much as to do them. */
const MIN_NATIVE_BATCH = 4;

/** Each takes about 10 MB; whoever has more cores than this to give can say so. */
const MAX_AUTOMATIC_WORKERS = 4;

/** Checks that may wait for a thread: seconds of work for one core, and about 10 MB of events. */
const MAX_WAITING = 8_192;

/** A verifier that whoever made it must close. */
export interface OwnedVerifier extends Verifier {
  /** Ends its threads. Checks that were not done are rejected. */
  close(): void;
}

/**
 * Chooses and tests an engine, and makes a verifier around it: on this thread for 0 workers, else on
 * so many others. Says in the log what was chosen. After `close`, every check is rejected.
 *
 * @throws Error when the engine that the settings name cannot be used.
 */
export async function createVerifier(
  { workers: wanted, ...choice }: Settings["signatures"],
  log: Log,
): Promise<OwnedVerifier> {
  const engine = await chooseEngine(choice, log);
  const cores = navigator.hardwareConcurrency;
  const workers = wanted === AUTOMATIC_WORKERS ? workersFor(engine.name, cores) : wanted;
  log.info("signature engine chosen", { engine: engine.name, workers });
  if (workers === 0) return new InlineVerifier(engine);
  const start = threadStarter(engine.name, choice);
  const pool = new VerifyPool({
    start,
    threads: workers,
    minBatch: engine.name === "native" ? MIN_NATIVE_BATCH : 1,
    maxWaiting: MAX_WAITING,
    engine,
    log,
  });
  return {
    verify: (event, source) => pool.verify(event, source),
    close() {
      pool.close();
      engine.close();
    },
  };
}

/**
 * How many threads suit an engine on a machine with `cores` cores.
 *
 * One native worker checks more than the rest of the relay can take in; on two busy cores it takes from
 * the database what it saves here. The other engines are slower
 * than everything else together, so they get all cores but one, and on a single core still a thread,
 * so that answers do not wait for them.
 */
export function workersFor(engine: EngineName, cores: number): number {
  if (engine === "native") return cores < CORES_FOR_NATIVE_WORKER ? 0 : 1;
  return Math.min(Math.max(cores - 1, 1), MAX_AUTOMATIC_WORKERS);
}

/** Checks on the thread that asks. */
class InlineVerifier implements OwnedVerifier {
  readonly #engine: OwnedEngine;
  #closed = false;

  constructor(engine: OwnedEngine) {
    this.#engine = engine;
  }

  /** @see Verifier */
  verify(event: NostrEvent): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error("the verifier is closed"));
    return Promise.resolve(signatureHolds(event, this.#engine));
  }

  /** Gives the engine back. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#engine.close();
  }
}
