/**
 * The sides of a load: each runs on a thread of its own and has its own connections.
 *
 * @module
 */

import type { AskJob } from "./sides/ask.ts";
import type { ConnectJob } from "./sides/connect.ts";
import type { EchoJob } from "./sides/echo.ts";
import type { HoldJob } from "./sides/hold.ts";
import type { ListenJob } from "./sides/listen.ts";
import type { FeedJob } from "./sides/feed.ts";
import type { PublishJob } from "./sides/publish.ts";
import type { TallyEntries } from "./tally.ts";

/** What a thread is asked to do. */
export type Job =
  | AskJob
  | ConnectJob
  | EchoJob
  | FeedJob
  | HoldJob
  | ListenJob
  | PublishJob;

/** What every job has. */
export interface Target {
  readonly url: string;
  /** How long anything may take that the relay is to do. */
  readonly timeoutMs: number;
}

/** A side whose connections are open. */
export interface Side {
  /** Does it; what lasts until others are ready ends with `stop`. */
  run(stop: Promise<void>): Promise<SideResult>;
  close(): Promise<void>;
}

/** What a side counted. */
export interface SideResult {
  /** What the rate is of: events accepted, questions answered, deliveries, connections. */
  readonly done: number;
  /** What was tried: with what the tally has of it, all that was not done. */
  readonly tried: number;
  readonly seconds: number;
  /** See {@link Latencies.counts}. */
  readonly latencies: Uint32Array<ArrayBuffer>;
  readonly tally: TallyEntries;
  /** Stored events that came. */
  readonly rows?: number;
  /** By how much the client itself was late at most, in an open loop. */
  readonly lateMs?: number;
}

/** Milliseconds since 1970 with fractions: the same on all threads. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
