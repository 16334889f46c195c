/**
 * A store in memory that can be backed up.
 *
 * @module
 */

import type { StoredEvent } from "../../src/store/event_store.ts";
import type { TombstonePage } from "../../src/store/write/copy_tombstones.ts";
import type { StateOptions, StoreState } from "../../src/store/write/store_state.ts";
import { KeptMemoryStore } from "./fake_command.ts";

/** It keeps the tombstones that it is given, and obeys none of them. */
export class StatefulStore extends KeptMemoryStore {
  readonly tombstones: TombstonePage[] = [];

  readonly state: StoreState = {
    isEmpty: async () => {
      const kept = this.tombstones.length + (await this.rules()).length;
      return kept === 0 && (await this.size()).events === 0;
    },
    events: (options) => this.#events(options),
    tombstones: () => ReadableStream.from(this.tombstones),
    addTombstones: (page) => Promise.resolve(void this.tombstones.push(page)),
    addRules: (rules, log) => {
      const [{ who, atS } = { who: "nobody", atS: 0 }] = log;
      return this.changeRules(rules, { who, atS });
    },
  };

  #events({ signal }: StateOptions = {}): AsyncIterable<readonly StoredEvent[]> {
    return this.query([{ tags: new Map() }], {
      includesBanned: true,
      ...signal !== undefined && { signal },
    });
  }
}
