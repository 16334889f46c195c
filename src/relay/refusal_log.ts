/**
 * Logs who is refused and how often, once a minute, so that a flood is a few lines.
 *
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import type { Log, LogFields } from "../base/log.ts";
import { sum } from "../base/sum.ts";

/** What a {@link RefusalLog} writes to. */
interface RefusalLogOptions {
  readonly log: Log;
  readonly clock: Clock;
}

/** A refusal of one message or connection. */
export interface Refused {
  /** An address, or the network that counts as one client. */
  readonly address: string;
  /** The author of a refused event as the event says, or a key that the client has authenticated. */
  readonly key?: string | undefined;
  /** One of few words. */
  readonly why: string;
  /** What the client was told. */
  readonly told?: string | undefined;
}

/** How often lines are written, milliseconds. */
const INTERVAL_MS = 60_000;

/** Clients, and keys, that are told apart at one time. */
const MAX_TOLD_APART = 1_000;

/** Clients, and keys, that get a line of their own, those that were refused most. */
const MAX_LINES = 5;

/** Refusals from which on a client or a key gets a line of its own. */
const MANY = 20;

/** How often something was refused, by the reason. */
type Reasons = Map<string, number>;

/** What a {@link RefusalLog} has counted since it wrote last, by reason. */
export interface CountedRefusals {
  readonly interval: number;
  readonly all: ReadonlyMap<string, number>;
  /** Of many, those that were refused most. */
  readonly clients: readonly (readonly [string, ReadonlyMap<string, number>])[];
}

/** Counts refusals by client and by key. The reasons are few and the relay's own. */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  readonly #clients = new Offenders();
  readonly #keys = new Offenders();
  /** What was refused to all. */
  readonly #all: Reasons = new Map();
  #timer: Timer | undefined;
  #intervals = 0;
  #isClosed = false;

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  /** What was counted in this interval so far. The number tells it from those before. */
  get counted(): CountedRefusals {
    return { interval: this.#intervals, all: this.#all, clients: this.#clients.known };
  }

  /** Counts one refusal. The first one starts the interval. */
  note(refused: Refused): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#options.clock.after(INTERVAL_MS, () => this.#write());
    add(this.#all, refused.why);
    this.#clients.note(refused.address, refused);
    if (refused.key !== undefined) this.#keys.note(refused.key, refused);
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
    log.info("clients were refused", {
      clients: this.#clients.count,
      times: sum(this.#all.values()),
      reasons: text(this.#all),
    });
    for (const [address, offender] of this.#clients.worst()) {
      log.info("client was refused often", { ...fieldsOf(offender), address });
    }
    for (const [key, offender] of this.#keys.worst()) {
      log.info("key was refused often", { ...fieldsOf(offender), key });
    }
    this.#intervals++;
    this.#clients.clear();
    this.#keys.clear();
    this.#all.clear();
  }
}

/** What is known of one client or key. */
interface Offender {
  times: number;
  readonly reasons: Reasons;
  latest: Refused;
}

/**
 * Counts by name, in bounded memory. When there are too many names, the half with the fewest refusals is
 * forgotten: those who make up a 500th part of all refusals and more remain.
 */
class Offenders {
  readonly #byName = new Map<string, Offender>();
  /** How many names were counted. One that was forgotten and came again counts twice. */
  count = 0;

  /** Those that are told apart, and the reasons. */
  get known(): readonly (readonly [string, Reasons])[] {
    return Array.from(this.#byName, ([name, { reasons }]) => [name, reasons]);
  }

  note(name: string, latest: Refused): void {
    let offender = this.#byName.get(name);
    if (offender === undefined) {
      if (this.#byName.size >= MAX_TOLD_APART) this.#forgetHalf();
      this.count++;
      this.#byName.set(name, offender = { times: 0, reasons: new Map(), latest });
    }
    offender.times++;
    offender.latest = latest;
    add(offender.reasons, latest.why);
  }

  /** Those with many refusals, the most first. */
  worst(): readonly (readonly [string, Offender])[] {
    return this.#sorted().slice(0, MAX_LINES).filter(([, { times }]) => times >= MANY);
  }

  clear(): void {
    this.#byName.clear();
    this.count = 0;
  }

  #forgetHalf(): void {
    for (const [name] of this.#sorted().slice(MAX_TOLD_APART / 2)) this.#byName.delete(name);
  }

  #sorted(): readonly (readonly [string, Offender])[] {
    return [...this.#byName].sort(([, a], [, b]) => b.times - a.times);
  }
}

/** The address and the key of the latest refusal stand beside the name that was counted. */
function fieldsOf({ times, reasons, latest }: Offender): LogFields {
  const { address, key, told } = latest;
  return { address, key, times, reasons: text(reasons), told };
}

function add(reasons: Reasons, reason: string): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

/** `rate-limited:120,invalid:3`, the most frequent first. */
function text(reasons: Reasons): string {
  return [...reasons].sort(([, a], [, b]) => b - a)
    .map(([reason, times]) => `${reason}:${times}`)
    .join(",");
}
