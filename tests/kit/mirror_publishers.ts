/**
 * Publishers on relays that mirror each other, and what all of them should have afterwards.
 *
 * @module
 */

import type { NostrEvent, Tag } from "../../src/nostr/event.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { MirroredRelays } from "./mirrored_relays.ts";
import { recordOf } from "./records.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { type EventDraft, SchnorrSigner } from "./signer.ts";

/** Authors who publish notes, replace their profiles and articles, and delete. */
export class MirrorPublishers {
  readonly events: NostrEvent[] = [];
  readonly #random: SeededRandom;
  readonly #authors: readonly SchnorrSigner[];

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#authors = Array.from({ length: 6 }, () => new SchnorrSigner(random));
  }

  /** Publishes on each relay, some events on two of them at once. */
  async publish(all: MirroredRelays, countEach: number): Promise<void> {
    const publishing: Promise<unknown>[] = [];
    for (const { client } of all.relays) {
      for (let at = 0; at < countEach; at++) {
        const event = this.#event();
        publishing.push(client.publish(event));
        const other = this.#random.pick(all.relays);
        if (this.#random.chance(0.2)) publishing.push(other.client.publish(event));
      }
    }
    await Promise.all(publishing);
  }

  /** The events that are left of all, in whatever order they came. */
  async leftOver(): Promise<ReadonlySet<string>> {
    const store = new MemoryStore();
    await store.put(this.events.map(recordOf));
    const ids = new Set<string>();
    for await (const rows of store.query([{ tags: new Map() }])) {
      for (const { id } of rows) ids.add(id);
    }
    await store.close();
    return ids;
  }

  #event(): NostrEvent {
    const author = this.#random.pick(this.#authors);
    const event = author.sign(this.#draft(author.pubkey));
    this.events.push(event);
    return event;
  }

  #draft(pubkey: string): EventDraft {
    const random = this.#random;
    const number = this.events.length;
    const draft = (kind: number, tags: readonly Tag[]): EventDraft => ({
      created_at: 1_700_000_000 + random.int(1_000),
      kind,
      tags,
      content: `${number}`,
    });
    const own = this.events.filter((event) => event.pubkey === pubkey && event.kind !== 5);
    if (own.length > 0 && random.chance(0.1)) return draft(5, [deleting(random.pick(own))]);
    if (random.chance(0.1)) return draft(0, []);
    if (random.chance(0.1)) return draft(30_023, [["d", `${random.int(3)}`]]);
    return draft(1, []);
  }
}

/**
 * The tag that deletes an event. Versions of an address are named by it: a relay that never had a
 * version that is named by its id cannot know which older ones it had replaced.
 */
function deleting({ id, kind, pubkey, tags }: NostrEvent): Tag {
  if (kind === 0) return ["a", `0:${pubkey}:`];
  const identifier = tags.find(([name]) => name === "d")?.[1];
  return kind === 30_023 ? ["a", `${kind}:${pubkey}:${identifier}`] : ["e", id];
}
