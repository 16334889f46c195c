/**
 * One connection to a relay that strangers have named, over which the events that wait for it are sent.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import { select } from "../base/select.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { countIn, type MirrorCounters } from "./mirror.ts";
import type { HostRecords } from "./outbox_hosts.ts";
import { hasPrefix, prefixOf, RemoteRefusal } from "./remote_refusal.ts";
import type { RemoteRelay } from "./remote_relay.ts";
import { batchesOf } from "./transfer.ts";

/** An open connection. */
export interface OutboxConnection {
  readonly remote: Pick<RemoteRelay, "publish">;
  /** Resolves when the connection is closed, from either side. */
  readonly closed: Promise<void>;
  /** Ends the connection; resolves when it is closed. */
  close(): Promise<void>;
}

/** Where events come from, and what takes them away. */
export interface OutboxPorts {
  /** Connects to a relay. Rejects when that fails, or the signal is aborted. */
  connect(url: string, signal: AbortSignal): Promise<OutboxConnection>;
  /** The stored events with these ids, as far as they may be sent. */
  read(ids: readonly string[], signal: AbortSignal): AsyncIterable<readonly NostrEvent[]>;
  readonly clock: Clock;
}

/** Totals since the start, counted for each relay. */
export interface OutboxCounters extends MirrorCounters {
  /** Events that were given up for a relay: it was away for too long, or there was no room. */
  dropped: number;
  /** Connections that could not be opened, or failed. */
  failed: number;
}

interface OutboxVisitOptions {
  readonly url: string;
  /** The host of the URL, as {@link HostRecords} knows it. */
  readonly host: string;
  /** Ids of the events that wait for this relay. */
  readonly ids: Inbox<"ids", string>;
  readonly ports: OutboxPorts;
  readonly records: HostRecords;
  readonly counters: OutboxCounters;
  /** How long a connection without work stays open, milliseconds. */
  readonly idleCloseMs: number;
  /** Ends everything. */
  readonly stopped: AbortSignal;
  /** Whether somebody waits for a connection that this one could make room for. */
  readonly isWanted: () => boolean;
}

/** Events sent at a time without an answer. */
const SENT_AT_ONCE = 20;

/** How long a connection may be used while others wait for one, milliseconds. */
const VISIT_MS = 5_000;

/** A visit to one relay, from connecting to the end of the connection. */
export class OutboxVisit {
  readonly url: string;
  readonly #options: OutboxVisitOptions;
  readonly #startMs: number;
  readonly #leave = new Latch("leave");
  #isUnproven: boolean;
  #isIdle = false;

  constructor(options: OutboxVisitOptions) {
    const { url, host, records, ports } = options;
    this.url = url;
    this.#options = options;
    this.#startMs = ports.clock.monotonicMs();
    this.#isUnproven = !records.of(host).isProven;
  }

  /** Whether its host has never taken an event. */
  get isUnproven(): boolean {
    return this.#isUnproven;
  }

  /** Whether nothing waits for it, and nobody has told it to end. */
  get isIdle(): boolean {
    return this.#isIdle && !this.#leave.tripped;
  }

  /** Ends it after what is being sent. */
  leave(): void {
    this.#leave.trip();
  }

  /** Connects, sends what waits, and waits for more. Never rejects: what fails goes to `onFailed`. */
  async run(onFailed: (error: unknown) => void): Promise<void> {
    const { ports, stopped } = this.#options;
    let connection: OutboxConnection | undefined;
    try {
      connection = await ports.connect(this.url, stopped);
      await this.#serve(connection);
    } catch (error) {
      onFailed(error);
    }
    await connection?.close();
  }

  async #serve(connection: OutboxConnection): Promise<void> {
    const { ids, ports, idleCloseMs, isWanted } = this.#options;
    void connection.closed.then(() => this.leave());
    for (;;) {
      const idle = ports.clock.after(idleCloseMs, () => this.leave());
      this.#isIdle = ids.length === 0;
      if (this.#isIdle && isWanted()) this.leave();
      const signal = await select(this.#leave, ids);
      this.#isIdle = false;
      idle.cancel();
      if (signal.from === "leave") return;
      if (!await this.#sendAll([...signal.value], connection)) return;
    }
  }

  /** False when the connection has to be given to others. Throws what ends it. */
  async #sendAll(left: string[], connection: OutboxConnection): Promise<boolean> {
    const { host, ids, ports, records, counters, stopped, isWanted } = this.#options;
    try {
      while (left.length > 0) {
        // One event may be what a relay fails at: then it is found, and the others are sent.
        const isTrial = records.of(host).failures > 0;
        const batch = left.slice(0, isTrial ? 1 : SENT_AT_ONCE);
        try {
          await this.#send(batch, connection);
        } catch (error) {
          if (isTrial && !isRateLimit(error)) {
            left.shift();
            countIn(counters.rejected, error instanceof RemoteRefusal ? error.kind : "error");
          }
          throw error;
        }
        left.splice(0, batch.length);
        records.worked(host);
        this.#isUnproven = false;
        if (stopped.aborted) return false;
        if (ports.clock.monotonicMs() - this.#startMs >= VISIT_MS && isWanted()) return false;
      }
      return true;
    } finally {
      for (const id of left) if (!ids.push(id)) counters.dropped++;
    }
  }

  async #send(batch: readonly string[], { remote }: OutboxConnection): Promise<void> {
    const { ports, counters, stopped } = this.#options;
    for await (const events of ports.read(batch, stopped)) {
      for (const some of batchesOf(events, SENT_AT_ONCE)) {
        await Promise.all(some.map(async (event) => {
          const { accepted, reason } = await remote.publish(event);
          if (hasPrefix(reason, "rate-limited")) throw new RemoteRefusal(reason, "refused");
          if (accepted) counters.sent++;
          else if (!hasPrefix(reason, "duplicate")) countIn(counters.rejected, prefixOf(reason));
        }));
      }
    }
  }
}

function isRateLimit(error: unknown): boolean {
  return error instanceof RemoteRefusal && error.isRateLimit;
}
