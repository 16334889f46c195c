/**
 * What policies say, for tests.
 *
 * @module
 */

import { type Log, silentLog } from "../../src/base/log.ts";
import { Access } from "../../src/relay/access/access.ts";
import type { Policy } from "../../src/relay/access/policy.ts";
import { FakeClock } from "./fake_clock.ts";

/** Asks these policies and gives each a second. */
export function accessOf(
  policies: readonly Policy[],
  log: Log = silentLog,
  clock: FakeClock = new FakeClock(),
  privateKinds: ReadonlySet<number> = new Set(),
): Access {
  return new Access({ policies, privateKinds, clock, log, policyTimeoutMs: 1_000 });
}
