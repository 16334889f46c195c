/**
 * How a connection ended.
 *
 * @module
 */

import { CloseCode } from "../websocket/close_code.ts";

/** How a connection ended, for logs and counters. */
export interface Ending {
  /**
   * - `peer`: the peer closed, and was answered.
   * - `local`: `Connection.close` was called, and the peer answered.
   * - `fault`: the peer broke the protocol; `reason` is the stable name of how.
   * - `timeout`: the peer did not finish closing in time.
   * - `eof`: the peer's bytes ended without a close frame.
   * - `reset`: the socket failed; `reason` is the system's name for it.
   * - `terminated`: `Connection.terminate` was called.
   */
  readonly cause: "peer" | "local" | "fault" | "timeout" | "eof" | "reset" | "terminated";
  /** The close code that was received or sent; 1006 where there was none. */
  readonly code: number;
  /** The reason of the close frame, or what happened; for people. */
  readonly reason: string;
  /** Whether close frames went both ways. */
  readonly clean: boolean;
}

/** An ending without a close frame. */
export function abnormalEnding(cause: Ending["cause"], reason: string): Ending {
  return { cause, code: CloseCode.abnormal, reason, clean: false };
}
