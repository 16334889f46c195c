/**
 * Creates the signature verifier that the settings ask for.
 *
 * @module
 */

import { BrokenInvariant } from "../base/assert.ts";
import { type Log, silentLog } from "../base/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { signatureHolds } from "../nostr/signature.ts";
import type { Verifier } from "../nostr/verifier.ts";
import { UnusableSetting } from "./settings/load_settings.ts";
import type { Settings } from "./settings/setting_list.ts";
import { AUTOMATIC_WORKERS } from "./settings/sections/signatures.ts";
import {
  chooseEngine,
  type EngineChoice,
  type EngineName,
  type OwnedEngine,
} from "../signatures/signature_engine.ts";
import { VerifyPool } from "../signatures/verify_pool.ts";
import { threadStarter } from "../signatures/verify_thread.ts";

/** With fewer cores a worker only competes with the rest of the relay. */
const CORES_FOR_NATIVE_WORKER = 2;

/** Sending fewer native checks to a worker costs this thread as much as doing them. */
const MIN_NATIVE_BATCH = 4;

/** Each takes about 10 MB; the setting allows more. */
const MAX_AUTOMATIC_WORKERS = 4;

/** Checks that may wait for a worker: seconds of work for one core, and about 10 MB of events. */
const MAX_WAITING = 8_192;

/** A verifier that its creator must close. */
export interface OwnedVerifier extends Verifier {
  /** Checks that wait for a worker. */
  readonly waiting: number;
  /** Ends the workers. Pending checks are rejected. */
  close(): void;
}

/** What the threads of a verifier share the machine with. */
export interface Surroundings {
  readonly cores: number;
  /** Whether a database takes one of them. */
  readonly hasDatabase: boolean;
}

/**
 * Chooses and tests an engine, and creates a verifier that uses it on this thread (0 workers) or on
 * worker threads. Logs the choice. After `close`, every check is rejected.
 *
 * @throws UnusableSetting when the engine that the settings name cannot be used.
 */
export async function createVerifier(
  { signatures, database }: Pick<Settings, "signatures" | "database">,
  log: Log,
): Promise<OwnedVerifier> {
  const { workers: wanted, ...choice } = signatures;
  const engine = await engineOf(choice, log);
  const cores = navigator.hardwareConcurrency;
  const around = { cores, hasDatabase: database.url !== "memory:" };
  const workers = wanted === AUTOMATIC_WORKERS ? workersFor(engine.name, around) : wanted;
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
    get waiting() {
      return pool.waiting;
    },
    verify: (event, source) => pool.verify(event, source),
    close() {
      pool.close();
      engine.close();
    },
  };
}

/**
 * Checks that the engine of the settings can be used.
 *
 * @throws UnusableSetting
 */
export async function checkEngine(choice: Settings["signatures"]): Promise<void> {
  (await engineOf(choice, silentLog)).close();
}

async function engineOf(choice: EngineChoice, log: Log): ReturnType<typeof chooseEngine> {
  try {
    return await chooseEngine(choice, log);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof BrokenInvariant) throw error;
    throw new UnusableSetting("signatures.engine", error.message);
  }
}

/**
 * How many workers suit an engine.
 *
 * One native worker checks more than the rest of the relay can accept; on two cores it takes from a
 * database what it saves here. The other engines are slower than everything else together,
 * so they get all cores but one, and even on a single core one thread, so that answers do not wait
 * for them.
 */
export function workersFor(engine: EngineName, { cores, hasDatabase }: Surroundings): number {
  const free = hasDatabase ? cores - 1 : cores;
  if (engine === "native") return free < CORES_FOR_NATIVE_WORKER ? 0 : 1;
  return Math.min(Math.max(cores - 1, 1), MAX_AUTOMATIC_WORKERS);
}

/** Checks on the calling thread. */
class InlineVerifier implements OwnedVerifier {
  readonly waiting = 0;
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

  /** Releases the engine. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#engine.close();
  }
}
