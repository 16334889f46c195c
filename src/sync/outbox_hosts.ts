/**
 * How the hosts of relays that strangers have named did so far.
 *
 * @module
 */

import { backOffMs } from "../base/back_off.ts";
import type { Clock } from "../base/clock.ts";
import { LruMap } from "../base/lru_map.ts";
import type { Random } from "../base/random.ts";

/** What is remembered of a host. */
export interface HostRecord {
  /** Failures in a row. */
  readonly failures: number;
  /** When it may be tried again, on the monotonic clock. */
  readonly untilMs: number;
  /** Whether it has ever taken an event, and not failed too often since. */
  readonly isProven: boolean;
}

/** After so many failures in a row nothing waits for a host any longer. */
export const MAX_FAILURES = 10;

/** The pause after the first failure, milliseconds. Each further one is twice as long. */
const FIRST_RETRY_MS = 5_000;

/** Hosts of which is remembered how they did. */
const MAX_HOSTS = 5_000;

const STRANGER: HostRecord = { failures: 0, untilMs: 0, isProven: false };

interface HostRecordsOptions {
  /** The longest pause before a host that failed is tried again, milliseconds. */
  readonly maxRetryMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Remembers failures and successes of hosts. */
export class HostRecords {
  readonly #options: HostRecordsOptions;
  readonly #records = new LruMap<string, HostRecord>(MAX_HOSTS);

  constructor(options: HostRecordsOptions) {
    this.#options = options;
  }

  of(host: string): HostRecord {
    return this.#records.get(host) ?? STRANGER;
  }

  /** It has answered to events. */
  worked(host: string): void {
    this.#records.set(host, { failures: 0, untilMs: 0, isProven: true });
  }

  /** Notes a failure, and gives what is remembered from then on. */
  failed(host: string): HostRecord {
    const { maxRetryMs, clock, random } = this.#options;
    const before = this.of(host);
    const failures = Math.min(before.failures + 1, MAX_FAILURES);
    const pauseMs = backOffMs(failures - 1, { firstMs: FIRST_RETRY_MS, maxMs: maxRetryMs }, random);
    const untilMs = clock.monotonicMs() + pauseMs;
    const isProven = before.isProven && failures < MAX_FAILURES;
    const record = { failures, untilMs, isProven };
    this.#records.set(host, record);
    return record;
  }
}
