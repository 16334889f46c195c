/**
 * Access decisions by given policies.
 *
 * @module
 */

import { silentLog } from "../../src/base/log.ts";
import { Access, type AccessOptions } from "../../src/relay/access/access.ts";
import type { Policy } from "../../src/relay/access/policy.ts";
import { FakeClock } from "./fake_clock.ts";

/** An `Access` with these policies and a time-out of one second. */
export function accessOf(
  policies: readonly Policy[],
  options: Partial<Omit<AccessOptions, "policies">> = {},
): Access {
  const clock = new FakeClock();
  return new Access({ clock, log: silentLog, policyTimeoutMs: 1_000, ...options, policies });
}
