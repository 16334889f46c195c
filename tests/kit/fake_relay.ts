/**
 * A relay without sockets, database or real time, for the tests of the room `relay`.
 *
 * @module
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { silentLog } from "../../src/base/log.ts";
import type { Log } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { hexToBytes } from "../../src/nostr/hex.ts";
import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import type { RelayLimits } from "../../src/relay/limits.ts";
import { Relay } from "../../src/relay/relay.ts";
import type { Verifier } from "../../src/nostr/verifier.ts";
import type { EventStore, EventWriter } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { Handshake } from "../../src/relay/access/client.ts";
import type { Policy } from "../../src/relay/access/policy.ts";
import { privateKindsNeedAuth } from "../../src/relay/access/request_policies.ts";
import { standardPolicies } from "../../src/relay/access/standard.ts";
import { vanishRequestsTo } from "../../src/relay/access/standard.ts";
import { sha256 } from "../../src/app/system/sha256.ts";
import { FakeClock } from "./fake_clock.ts";
import { testLimits } from "./limits.ts";
import { SeededRandom } from "./seeded_random.ts";
import { FakePeer } from "./fake_peer.ts";

/** Options of {@link FakeRelay}. */
export interface FakeRelayOptions {
  readonly limits?: Partial<RelayLimits>;
  readonly store?: EventStore;
  readonly writer?: EventWriter;
  readonly verifier?: Verifier;
  readonly log?: Log;
  /** Default: at once. */
  readonly turn?: () => Promise<void>;
  /** In addition to the standard ones. */
  readonly policies?: readonly Policy[];
}

/** Verifies signatures on this thread. */
export const plainVerifier: Verifier = {
  verify: ({ sig, id, pubkey }: NostrEvent) =>
    Promise.resolve(nobleEngine.verify(hexToBytes(sig), hexToBytes(id), hexToBytes(pubkey))),
};

/** Accepts every signature, for tests of other things. */
export const trustingVerifier: Verifier = { verify: () => Promise.resolve(true) };

/** Stores each event in a batch of its own. */
export function oneByOne(store: EventStore): EventWriter {
  return { write: async (record) => (await store.put([record]))[0]! };
}

const RELAY_URL = "wss://relay.example";

/** Kinds that only their authors and recipients may read. */
export const PRIVATE_KINDS: ReadonlySet<number> = new Set([4, 1059, 21_059]);

/** A relay on a memory store and a fake clock. */
export class FakeRelay {
  readonly clock = new FakeClock();
  readonly store: EventStore;
  readonly relay: Relay;

  constructor(options: FakeRelayOptions = {}) {
    const limits = { ...testLimits, ...options.limits };
    this.store = options.store ?? new MemoryStore(this.clock);
    this.relay = new Relay({
      store: this.store,
      writer: options.writer ?? oneByOne(this.store),
      verifier: options.verifier ?? plainVerifier,
      clock: this.clock,
      log: options.log ?? silentLog,
      ...options.turn && { turn: options.turn },
      limits,
      relayUrl: RELAY_URL,
      random: new SeededRandom(1),
      sha256,
      policies: [
        ...standardPolicies(limits),
        vanishRequestsTo(RELAY_URL),
        privateKindsNeedAuth(PRIVATE_KINDS),
        ...options.policies ?? [],
      ],
      privateKinds: PRIVATE_KINDS,
    });
  }

  /** Opens a connection. */
  connect(handshake?: Handshake): FakePeer {
    const peer = new FakePeer(this.clock);
    return peer.attach(this.relay.connect(peer, handshake));
  }
}

/** Waits until all pending promises have settled: nothing here waits for time or a socket. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}
