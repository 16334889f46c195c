/**
 * Logs who is refused and how often, once a minute, so that a flood is a few lines.
 *
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** What a {@link RefusalLog} writes to. */
export interface RefusalLogOptions {
  readonly log: Log;
  readonly clock: Clock;
}

/** How often lines are written, milliseconds. */
const INTERVAL_MS = 60_000;

/** Clients that are told apart in one interval. Of more, only the number of refusals is known. */
const MAX_CLIENTS = 1_000;

/** Clients that get a line of their own, those that were refused most. */
const MAX_LINES = 5;

/** Refusals from which on a client gets a line of its own. */
const MANY = 20;

/** How often something was refused, by the reason. */
type Reasons = Map<string, number>;

/**
 * Counts refusals by client: an address, or the network that counts as one client. The reasons are
 * few and the relay's own.
 */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  readonly #clients = new Map<string, Reasons>();
  /** What was refused to all, also to clients that are not told apart. */
  readonly #all: Reasons = new Map();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  /** Counts one refusal. The first one starts the interval. */
  note(client: string, reason: string): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#options.clock.after(INTERVAL_MS, () => this.#write());
    add(this.#all, reason);
    let reasons = this.#clients.get(client);
    if (reasons === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) return;
      this.#clients.set(client, reasons = new Map());
    }
    add(reasons, reason);
  }

  /** Writes what was counted. Nothing is counted from then on. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#write();
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { log } = this.#options;
    const counted = Array.from(this.#clients, ([client, reasons]) => ({
      client,
      reasons,
      times: sum(reasons),
    }));
    log.info("clients were refused", {
      clients: this.#clients.size,
      times: sum(this.#all),
      reasons: text(this.#all),
    });
    const worst = counted.filter(({ times }) => times >= MANY)
      .sort((a, b) => b.times - a.times)
      .slice(0, MAX_LINES);
    for (const { client, times, reasons } of worst) {
      log.info("client was refused often", { address: client, times, reasons: text(reasons) });
    }
    this.#clients.clear();
    this.#all.clear();
  }
}

function add(reasons: Reasons, reason: string): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

function sum(reasons: Reasons): number {
  return [...reasons.values()].reduce((total, times) => total + times, 0);
}

/** `rate-limited:120,invalid:3`, the most frequent first. */
function text(reasons: Reasons): string {
  return [...reasons].sort(([, a], [, b]) => b - a)
    .map(([reason, times]) => `${reason}:${times}`)
    .join(",");
}
