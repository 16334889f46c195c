/**
 * From the settings to the policies of the relay.
 *
 * @module
 */

import { notExpired } from "../relay/access/expiration.ts";
import type { Policy } from "../relay/access/policy.ts";
import { privateKindsNeedAuth } from "../relay/access/private_kinds.ts";
import { standardPolicies } from "../relay/access/standard.ts";
import { vanishesHere } from "../relay/access/vanish.ts";
import { relayLimits } from "./relay_limits.ts";
import { youngEnough } from "./retention_policy.ts";
import { retentionRules } from "./retention_rules.ts";
import type { Settings } from "./setting_list.ts";

/** What a relay asks of events and requests. */
export function relayPolicies(settings: Settings): readonly Policy[] {
  return [
    ...standardPolicies(relayLimits(settings)),
    vanishesHere(settings.relay.url),
    privateKindsNeedAuth(privateKinds(settings)),
    youngEnough(retentionRules(settings)),
  ];
}

/**
 * What an import asks of events.
 *
 * @param limits Whether the limits on size and date count. A request to vanish that is meant for another
 * relay must never reach the store.
 */
export function importPolicies(settings: Settings, limits: boolean): readonly Policy[] {
  return limits ? relayPolicies(settings) : [notExpired, vanishesHere(settings.relay.url)];
}

/**
 * Kinds that are not for everybody.
 *
 * @see NIP-04, NIP-17, NIP-59
 */
export function privateKinds({ access }: Pick<Settings, "access">): ReadonlySet<number> {
  return new Set(access.private_kinds.map(Number));
}
