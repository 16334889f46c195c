/**
 * Who may use the connections that answer queries.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { PoolFigures } from "./event_store.ts";
import { Turnstile } from "./turnstile.ts";

/** How many queries run at once. */
export interface QueryGateOptions {
  readonly connections: number;
  /** How many of them only short queries may take. Fewer than there are connections. */
  readonly reserved: number;
}

/** A query at the gate. */
export interface Visitor {
  /** Whether its form bounds what it reads. */
  readonly isShort: boolean;
  /** Gives up waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets queries in, in order, and keeps some connections for short ones: however many slow queries are
 * asked, what is quick stays quick. What waits, waits here, where it can be called off.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { QueryGate } from "./query_gate.ts";
 *
 * const gate = new QueryGate({ connections: 2, reserved: 1 });
 * await gate.enter({ isShort: false });
 * const second = gate.enter({ isShort: false });
 * await gate.enter({ isShort: true });
 * equal(gate.figures.waiting, 1, "the second long one");
 * gate.leave({ isShort: false });
 * await second;
 * equal(gate.figures.running, 2);
 * ```
 */
export class QueryGate {
  readonly #all: Turnstile;
  /** Passed before the other one, by those that may not take all. */
  readonly #long: Turnstile;
  readonly #figures: { -readonly [Name in keyof PoolFigures]: PoolFigures[Name] };

  constructor({ connections, reserved }: QueryGateOptions) {
    assert(reserved < connections, "long queries have at least one connection");
    this.#all = new Turnstile(connections);
    this.#long = new Turnstile(connections - reserved);
    this.#figures = { connections, reserved, running: 0, waiting: 0, cancelled: 0, timedOut: 0 };
  }

  /** Grows as the gate works. */
  get figures(): PoolFigures {
    return this.#figures;
  }

  /** Resolves when a connection is free. Rejects with the signal's reason, and then nothing is to be left. */
  async enter({ isShort, signal }: Visitor): Promise<void> {
    this.#figures.waiting++;
    try {
      if (!isShort) await this.#long.enter(signal);
      try {
        await this.#all.enter(signal);
      } catch (error) {
        if (!isShort) this.#long.leave();
        throw error;
      }
    } finally {
      this.#figures.waiting--;
    }
    this.#figures.running++;
  }

  /** Once for each {@link enter} that resolved. */
  leave({ isShort }: Visitor): void {
    this.#figures.running--;
    this.#all.leave();
    if (!isShort) this.#long.leave();
  }

  /** Counts a query that nobody wants any more and that was cancelled while it ran. */
  countCancelled(): void {
    this.#figures.cancelled++;
  }

  /** Counts a query that ran for too long. */
  countTimedOut(): void {
    this.#figures.timedOut++;
  }
}
