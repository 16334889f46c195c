/**
 * What all sessions of a relay share.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { EventStore } from "../store/event_store.ts";
import type { Broadcast } from "./live/broadcast.ts";
import type { Counters } from "./counters.ts";
import type { FilterValues } from "./filter_values.ts";
import type { RelayLimits } from "./limits.ts";
import type { Outage } from "./outage.ts";
import type { Publisher } from "./acceptance/publisher.ts";

/** Handed to each session when it opens. */
export interface RelayContext {
  readonly store: EventStore;
  readonly publisher: Publisher;
  readonly broadcast: Broadcast;
  readonly limits: RelayLimits;
  readonly filterValues: FilterValues;
  /** Under which name the client at an address is counted; undefined for each connection by itself. */
  readonly clientOf: (address: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Whether reading from the store fails at present. */
  readonly reading: Outage;
}
