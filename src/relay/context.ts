/**
 * What all sessions of a relay share.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { HashText } from "../nostr/event_id.ts";
import type { Verifier } from "../nostr/verifier.ts";
import type { EventStore } from "../store/event_store.ts";
import type { Access } from "./access/access.ts";
import type { Broadcast } from "./live/broadcast.ts";
import type { Counters, Timings } from "./counters.ts";
import type { FilterValues } from "./filter_values.ts";
import type { RelayLimits } from "./limits.ts";
import type { Outage } from "./outage.ts";
import type { Publisher } from "./acceptance/publisher.ts";

/** Handed to each session when it opens. */
export interface RelayContext {
  readonly store: EventStore;
  readonly publisher: Publisher;
  readonly access: Access;
  readonly verifier: Verifier;
  /** Undefined for the built-in one. */
  readonly hashText: HashText | undefined;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** What sessions of reconciliation hold, all together. */
  readonly syncItems: FilterValues;
  /** The URL by which clients reach the relay, if it is known. */
  readonly relayUrl: string | undefined;
  readonly broadcast: Broadcast;
  readonly limits: RelayLimits;
  readonly filterValues: FilterValues;
  /** Under which name the client at an address is counted; undefined for each connection by itself. */
  readonly clientOf: (address: string) => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly timings: Timings;
  /** Whether reading from the store fails at present. */
  readonly reading: Outage;
}
