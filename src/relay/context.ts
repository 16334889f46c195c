/**
 * The state and services that all sessions of a relay share.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Source } from "../base/fair_queue.ts";
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
import type { RefusalLog } from "./refusal_log.ts";
import type { SlowQueryLog } from "./slow_query_log.ts";
import type { Session } from "./session.ts";
import type { Publisher } from "./acceptance/publisher.ts";

/** Passed to each session. */
export interface RelayContext {
  readonly store: EventStore;
  readonly publisher: Publisher;
  readonly access: Access;
  readonly verifier: Verifier;
  /** Default: {@link portableHashText}. */
  readonly hashText: HashText | undefined;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Counts the items of all reconciliations. */
  readonly syncItems: FilterValues;
  /** The URL by which clients reach the relay, which may change; undefined when it is not known. */
  readonly relayUrl: string | undefined;
  readonly broadcast: Broadcast;
  /** Its fields change with the settings, so they are read at each use. */
  readonly limits: RelayLimits;
  readonly filterValues: FilterValues;
  /** Counts the memory of the live events that subscriptions hold until EOSE, KiB. */
  readonly heldEvents: FilterValues;
  readonly clock: Clock;
  /** Resolves when it is the turn of a client's work, after that of others. */
  readonly turn: (source: Source) => Promise<void>;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  /** Where refusals of clients are logged, if anywhere. */
  readonly refusals: RefusalLog | undefined;
  /** Where slow queries are logged, if anywhere. */
  readonly slowQueries: SlowQueryLog | undefined;
  readonly timings: Timings;
  /** Logs when reading from the store begins to fail and when it works again. */
  readonly reading: Outage;
  /** Called by each session at its end. */
  readonly onSessionEnded: (session: Session) => void;
}
