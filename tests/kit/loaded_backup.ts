/**
 * Backups of a relay that is published to as fast as it takes it, and what is missing in them.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { type Ended, Program } from "./program.ts";
import { RelayClient } from "./relay_client.ts";

/** Connections that publish, and how many events of each are not answered yet. */
const CLIENTS = 3;
const IN_FLIGHT = 60;

/** Publishes events, in their order as far as several connections can, until it is stopped. */
export class Load {
  /** What was answered OK true, in the order of the answers. */
  readonly accepted: NostrEvent[] = [];
  readonly #queue: NostrEvent[];
  readonly #done: Promise<void>;

  /** Publishes all that `events` has. */
  constructor(url: string, events: readonly NostrEvent[]) {
    this.#queue = [...events];
    this.#done = Promise.all(Array.from({ length: CLIENTS }, () => this.#publish(url))).then();
  }

  /** Resolves when so many were accepted, or none are left. */
  async until(count: number): Promise<void> {
    while (this.accepted.length < count && this.#queue.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Publishes no more, and resolves when all is answered. */
  async stop(): Promise<void> {
    this.#queue.length = 0;
    await this.#done;
  }

  async #publish(url: string): Promise<void> {
    const client = await RelayClient.connect(url);
    const lane = async () => {
      for (let event; (event = this.#queue.shift()) !== undefined;) {
        const answer = await client.publish(event);
        if (answer?.accepted === true) this.accepted.push(event);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    await client.close();
  }
}

/** Runs a command of the program on a database. */
export async function runOn(database: string, ...args: readonly string[]): Promise<Ended> {
  const flags = ["--config", "/dev/null", "--database", database];
  await using program = new Program("mod.ts", [...args, ...flags]);
  return await program.end();
}

/**
 * How many of the events the database takes: those that it neither has, nor a newer version of them, nor
 * the tombstone of their deletion. Afterwards it has them.
 */
export async function missingIn(
  database: string,
  events: readonly NostrEvent[],
): Promise<number> {
  const flags = ["--no-verify", "--no-limits", "--config", "/dev/null", "--database", database];
  await using program = new Program("mod.ts", ["import", "-", ...flags]);
  await program.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const { code, stdout, stderr } = await program.end();
  const [, stored] = /^stored (\d+), .*refused 0$/m.exec(stdout) ?? [];
  if (code !== 0 || stored === undefined) throw new Error(`import: ${stdout}${stderr}`);
  return Number(stored);
}
