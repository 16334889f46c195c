/**
 * Publishes without pause, and says afterwards what is missing.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { RelayClient } from "./relay_client.ts";
import type { RunningRelay } from "./running_relay.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SchnorrSigner } from "./signer.ts";

const author = new SchnorrSigner(new SeededRandom(1));
let madeSoFar = 0;

/** A new event, one second newer than the one before. */
export function makeEvent(): NostrEvent {
  const created_at = 1_700_000_000 + madeSoFar++;
  return author.sign({ kind: 1, created_at, tags: [["t", "x"]], content: `${created_at}` });
}

/** Publishes without pause until told to stop; keeps what was answered. */
export class Publisher {
  readonly stored: string[] = [];
  readonly refusals: string[] = [];
  readonly #client: RelayClient;
  readonly #lanes: Promise<unknown>;
  #isOver = false;

  constructor(client: RelayClient) {
    this.#client = client;
    this.#lanes = Promise.all(Array.from({ length: 16 }, () => this.#publish()));
    // Told by `stop`; a test that has failed before does not get there.
    this.#lanes.catch(() => {});
  }

  /** Resolves when so many more have been stored. */
  async storedMore(count: number): Promise<void> {
    const goal = this.stored.length + count;
    while (this.stored.length < goal) await sleep(2);
  }

  /** Resolves when so many more have been refused. */
  async refusedMore(count: number): Promise<void> {
    const goal = this.refusals.length + count;
    while (this.refusals.length < goal) await sleep(2);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#lanes;
  }

  async #publish(): Promise<void> {
    while (!this.#isOver) {
      const event = makeEvent();
      const answer = await this.#client.publish(event);
      if (answer === undefined) {
        if (this.#isOver) return;
        throw new Error("the connection ended");
      }
      if (answer.accepted) this.stored.push(event.id);
      else {
        this.refusals.push(answer.reason);
        await sleep(5);
      }
    }
  }
}

/** Ids of those events that a new question to the relay does not find. */
export async function missing(
  relay: RunningRelay,
  ids: readonly string[],
): Promise<readonly string[]> {
  await using client = await RelayClient.connect(relay.url);
  const found = new Set<string>();
  for (let start = 0; start < ids.length; start += 200) {
    const part = new Set(ids.slice(start, start + 200));
    for (const id of await client.query([{ ids: part, tags: new Map(), limit: 500 }])) {
      found.add(id);
    }
  }
  return ids.filter((id) => !found.has(id));
}
