/**
 * The settings of one of several threads, out of those of the relay.
 *
 * @module
 */

import { UnusableSetting } from "../settings/load_settings.ts";
import { AUTOMATIC_WORKERS } from "../settings/sections/signatures.ts";
import { type Settings, settingsOn } from "../settings/setting_list.ts";
import { memoryLimitBytes } from "../system/memory_limit.ts";

const SETTING = "network.workers";
const UNIX_ADDRESS = /^(?:tls:)?unix:/;
const BYTES_PER_MIB = 1_048_576;

/** The smallest pool of a thread: three connections that write, and two that read. */
const MIN_POOL = 5;

/** As the setting: large enough for the largest events. */
const MIN_FETCHED_BYTES = 8_388_608;

/** Each thread that checks signatures takes about 10 MB. */
const MAX_SIGNATURE_WORKERS = 4;

/**
 * Refuses settings with which several threads cannot serve.
 *
 * @throws UnusableSetting
 */
export function checkWorkers({ network }: Settings, os: string = Deno.build.os): void {
  const refuse = (why: string) => {
    throw new UnusableSetting(SETTING, `more than 1 needs ${why}`);
  };
  if (os !== "linux") {
    refuse("Linux: no other system shares out the connections at one port to several threads");
  }
  if (network.listen.some((address) => UNIX_ADDRESS.test(address))) {
    refuse("TCP addresses in network.listen: several threads cannot accept at one Unix socket");
  }
}

/**
 * How many connections to the database all threads open together, with those that listen, and those of
 * the main thread, which carries out commands.
 */
export function connectionsOfWorkers({ network, database }: Settings): number {
  return network.workers * (poolSize(database.pool_size, network.workers) + 1) +
    database.pool_size;
}

/**
 * The settings of one thread. What bounds the memory of the process, or its threads, is divided,
 * and may be rounded up. What a client may do is counted by all threads together.
 *
 * @param url the database that all threads open
 * @param cores of the machine
 */
export function workerSettings(
  settings: Settings,
  url: string,
  cores: number = navigator.hardwareConcurrency,
): Settings {
  const { network, cache, limits, signatures, log } = settings;
  const { database } = settingsOn(url, settings);
  const { workers } = network;
  const share = (value: number) => Math.ceil(value / workers);
  const memoryMb = memoryLimitBytes(limits.max_memory_mb) / BYTES_PER_MIB;
  return {
    ...settings,
    network: { ...network, reuse_port: true },
    database: { ...database, pool_size: poolSize(database.pool_size, workers) },
    cache: { ...cache, max_mib: share(cache.max_mib) },
    limits: {
      ...limits,
      max_memory_mb: Math.max(1, Math.floor(memoryMb / workers)),
      max_total_filter_values: share(limits.max_total_filter_values),
      // One reconciliation has to fit.
      max_total_sync_events: Math.max(
        Math.min(limits.max_sync_events, limits.max_total_sync_events),
        share(limits.max_total_sync_events),
      ),
      max_fetched_bytes: Math.max(MIN_FETCHED_BYTES, share(limits.max_fetched_bytes)),
    },
    log: { ...log, connection_lines: share(log.connection_lines) },
    signatures: {
      ...signatures,
      workers: signatures.workers === AUTOMATIC_WORKERS
        ? signatureWorkers(cores, workers)
        : share(signatures.workers),
    },
  };
}

/** As many as there are cores without work. The threads check signatures themselves, too. */
function signatureWorkers(cores: number, workers: number): number {
  return Math.max(0, Math.min(MAX_SIGNATURE_WORKERS, Math.floor(cores / workers) - 1));
}

function poolSize(size: number, workers: number): number {
  return Math.max(MIN_POOL, Math.floor(size / workers));
}
