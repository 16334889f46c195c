/**
 * The logs of a relay: each bounds in its way how much clients can have written.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { CountingLog } from "../base/counting_log.ts";
import type { Log } from "../base/log.ts";
import { RefusalLog } from "../relay/refusal_log.ts";
import { ConnectionLog } from "./network/connection_log.ts";
import type { Settings } from "./settings/setting_list.ts";

/** What {@link HostLogs} needs. */
export interface HostLogsOptions {
  readonly settings: Pick<Settings, "log">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The logs that have timers, and end together. */
export class HostLogs {
  /** Of what clients can repeat: repeats are only counted. */
  readonly relay: CountingLog;
  /** Of connections that have ended. */
  readonly connections: ConnectionLog;
  /** Of who was refused. */
  readonly refusals: RefusalLog;

  constructor({ settings, clock, log }: HostLogsOptions) {
    const linesPerMinute = settings.log.connection_lines;
    this.relay = new CountingLog({ log, clock });
    this.connections = new ConnectionLog({ log, clock, linesPerMinute });
    this.refusals = new RefusalLog({ log, clock });
  }

  /** Writes what was counted, and cancels the timers. */
  close(): void {
    this.connections.close();
    this.refusals.close();
    this.relay.close();
  }
}
