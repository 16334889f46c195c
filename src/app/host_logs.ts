/**
 * The logs of a relay: each bounds in its way how much clients can have written.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { CountingLog } from "../base/counting_log.ts";
import { type Log, withFields } from "../base/log.ts";
import { RefusalLog } from "../relay/refusal_log.ts";
import { SlowQueryLog } from "../relay/slow_query_log.ts";
import { EndedQueries } from "./activity/ended_queries.ts";
import { ConnectionLog } from "./network/connection_log.ts";
import type { LogPart } from "./settings/sections/log.ts";
import type { Settings } from "./settings/setting_list.ts";

interface HostLogsOptions {
  readonly settings: Pick<Settings, "log">;
  readonly clock: Clock;
  readonly log: Log;
}

/** A log whose lines name the part of the relay that they are about. */
export function inPart(log: Log, part: LogPart): Log {
  return withFields(log, { part });
}

/** The logs that have timers, and end together. */
export class HostLogs {
  /** Of what clients can repeat: repeats are only counted. */
  readonly relay: CountingLog;
  /** Of connections that have ended. */
  readonly connections: ConnectionLog;
  /** Of who was refused. */
  readonly refusals: RefusalLog;
  /** Of what took long to answer. */
  readonly slowQueries: SlowQueryLog;
  /** Of these, the newest. */
  readonly endedQueries: EndedQueries;

  constructor({ settings, clock, log }: HostLogsOptions) {
    const linesPerMinute = settings.log.connection_lines;
    const relay = inPart(log, "relay");
    this.relay = new CountingLog({ log: relay, clock });
    this.connections = new ConnectionLog({ log: inPart(log, "net"), clock, linesPerMinute });
    this.refusals = new RefusalLog({ log: relay, clock });
    const slowMs = settings.log.slow_query_ms;
    this.endedQueries = new EndedQueries(clock);
    this.slowQueries = new SlowQueryLog({
      ...{ log: relay, clock, slowMs },
      onSlow: (query, took) => this.endedQueries.add(query, took),
    });
  }

  /** Takes over what may change while the relay runs. */
  update({ log }: Pick<Settings, "log">): void {
    this.slowQueries.update(log.slow_query_ms);
  }

  /** Counts a connection that was refused to a client. */
  noteRefusedConnection(address: string, why: string): void {
    this.refusals.note({ address, why: `connection-${why}` });
  }

  /** Writes what was counted, and cancels the timers. */
  close(): void {
    this.connections.close();
    this.refusals.close();
    this.slowQueries.close();
    this.relay.close();
  }
}
