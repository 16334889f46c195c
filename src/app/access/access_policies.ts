/**
 * Builds the relay's access policies from the settings.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { kindClass } from "../../nostr/kind.ts";
import { reason } from "../../nostr/reason.ts";
import {
  bannedKeys,
  bannedPatterns,
  bannedTexts,
  type IsBannedText,
  kindLists,
} from "../../relay/access/access_lists.ts";
import { membership } from "../../relay/access/membership.ts";
import { type NewcomerContext, newcomers } from "../../relay/access/newcomers.ts";
import { proofOfWork } from "../../relay/access/proof_of_work.ts";
import {
  type ClientRates,
  clientRates,
  keyRates,
  type KindRate,
  kindRates,
} from "../../relay/access/rates.ts";
import { type RuleBook, rulesPolicy } from "../../relay/access/rules.ts";
import { notExpired } from "../../relay/access/expiration.ts";
import type { Policy } from "../../relay/access/policy.ts";
import { noBroadFilters, privateKindsNeedAuth } from "../../relay/access/request_policies.ts";
import { standardPolicies } from "../../relay/access/standard.ts";
import { vanishRequestsTo } from "../../relay/access/vanish.ts";
import { webOfTrust } from "../../relay/access/web_of_trust.ts";
import { isTooOld, type RetentionRules } from "../../store/write/retention.ts";
import { isRequest } from "../../store/write/tombstones.ts";
import { relayLimits } from "../relay_limits.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import { kindRange, retentionRules } from "../database/retention_rules.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { MemberDomains } from "./member_domains.ts";
import type { Trust } from "./trust.ts";

/** What the policies are built from. */
export interface PolicyContext {
  readonly settings: Settings;
  readonly clock: Clock;
  /** The rules changed at run time through the management API. */
  readonly rules: RuleBook;
  /** The web of trust; undefined where it is off. */
  readonly trust?: Pick<Trust, "isTrusted"> | undefined;
  /** Who is a member by a name at a domain; undefined where no domains are named. */
  readonly domains: Pick<MemberDomains, "isMember"> | undefined;
  /** `access.banned_patterns`, compiled; undefined without any. */
  readonly isBannedText: IsBannedText | undefined;
  /** Asked whether keys are new; undefined where no clients publish. */
  readonly store?: NewcomerContext["store"] | undefined;
}

/** The policies that every event and request must pass, cheapest first. */
export function relayPolicies(context: PolicyContext): readonly Policy[] {
  const { settings, clock, rules, trust, domains, isBannedText } = context;
  const { access, limits, relay } = settings;
  const members = new Set(readPublicKeys("access.members", access.members));
  const isMember = (key: string) =>
    members.has(key) || rules.has("allowed-key", key) || domains?.isMember(key) === true;
  const rates = {
    clock,
    isTrusted: (key: string) => isMember(key) || trust?.isTrusted(key) === true,
    trustedFactor: limits.trusted_rate_factor,
  };
  return [
    clientRates(clientRateLimits(limits), rates),
    ...standardPolicies(relayLimits(settings)),
    vanishRequestsTo(relay.url),
    rulesPolicy(rules),
    bannedKeys(new Set(readPublicKeys("access.banned_keys", access.banned_keys))),
    kindLists({
      allowed: access.allowed_kinds.map(kindRange),
      banned: access.banned_kinds.map(kindRange),
    }),
    membership({
      writers: access.writers,
      readers: access.readers,
      isMember,
    }),
    ...trust === undefined ? [] : [webOfTrust({
      isTrusted: (key) => isMember(key) || trust.isTrusted(key),
      bits: access.strangers === "pow" ? access.stranger_pow_difficulty : undefined,
    })],
    proofOfWork({
      minBits: access.min_pow_difficulty,
      kindBits: new Map(access.kind_pow_difficulty.map(kindBits)),
      isCommitted: access.pow_committed,
    }),
    bannedTexts(access.banned_texts),
    ...isBannedText === undefined ? [] : [bannedPatterns({
      isBanned: isBannedText,
      maxCharacters: access.banned_pattern_characters,
      inTags: access.banned_patterns_in_tags,
    })],
    ...access.broad_filters ? [] : [noBroadFilters],
    privateKindsNeedAuth(privateKinds(settings)),
    retentionPolicy(retentionRules(settings)),
    ...limits.kind_event_rates.length === 0
      ? []
      : [kindRates(limits.kind_event_rates.map(kindRate), rates)],
    keyRates({ perSecond: limits.key_event_rate, burst: limits.key_event_burst }, rates),
    ...newcomerPolicy(context, rates.isTrusted),
  ];
}

/** What is asked of newcomers; nothing where the settings ask nothing of them. */
function newcomerPolicy(
  { settings: { access }, clock, store }: PolicyContext,
  isExempt: NewcomerContext["isExempt"],
): readonly Policy[] {
  const { newcomer_events: events, newcomer_pow_difficulty: bits } = access;
  const { newcomer_rate: perMinute, newcomer_lookup_rate: perSecond } = access;
  if (store === undefined || events === 0 || (bits === 0 && perMinute === 0)) return [];
  const rate = { perSecond: perMinute / 60, burst: access.newcomer_burst };
  return [newcomers({
    ...{ events, bits },
    isCommitted: access.pow_committed,
    rate: perMinute === 0 ? undefined : rate,
    lookupRate: { perSecond, burst: 10 * perSecond },
    maxKeys: access.newcomer_known_keys,
    timeoutMs: access.policy_timeout_ms,
  }, { store, clock, isExempt })];
}

function clientRateLimits(limits: Settings["limits"]): ClientRates {
  return {
    events: { perSecond: limits.client_event_rate, burst: limits.client_event_burst },
    requests: { perSecond: limits.client_req_rate, burst: limits.client_req_burst },
    counts: { perSecond: limits.client_count_rate, burst: limits.client_count_burst },
    authentications: { perSecond: limits.client_auth_rate, burst: limits.client_auth_burst },
  };
}

/** Parses `KINDS=EVENTS`, events per minute, such as `1984=10`. */
function kindRate(text: string): KindRate {
  const [kinds = "", perMinute] = text.split("=");
  const { first: firstKind, last: lastKind } = kindRange(kinds);
  const burst = Number(perMinute);
  return { firstKind, lastKind, rate: { perSecond: burst / 60, burst } };
}

/** Parses `KIND=BITS`, such as `1059=16`. */
function kindBits(text: string): [number, number] {
  const [kind, bits] = text.split("=");
  return [Number(kind), Number(bits)];
}

/**
 * Refuses events that are older than their retention time. Deletion requests (kind 5) and requests
 * to vanish (kind 62) pass at any age, because the store executes and remembers them; so do
 * ephemeral events, which are not stored.
 */
export function retentionPolicy(rules: RetentionRules): Policy {
  return {
    name: "retention",
    screen({ event, nowMs }) {
      if (isRequest(event) || kindClass(event.kind) === "ephemeral") return undefined;
      const { pubkey, kind, created_at: createdAt } = event;
      return isTooOld({ pubkey, kind, createdAt }, rules, Math.floor(nowMs / 1_000))
        ? reason("blocked", "older than this relay keeps events of its kind")
        : undefined;
    },
  };
}

/**
 * The policies for events that `gallimimus import` reads.
 *
 * @param limits Whether the limits on size and date apply. Requests to vanish addressed to another
 * relay are always refused: they must never reach the store.
 */
export function importPolicies(context: PolicyContext, limits: boolean): readonly Policy[] {
  return limits
    ? relayPolicies(context)
    : [notExpired, vanishRequestsTo(context.settings.relay.url)];
}

/**
 * The public keys that may call the management API.
 *
 * @see NIP-86
 */
export function admins({ access, relay }: Pick<Settings, "access" | "relay">): ReadonlySet<string> {
  const keys = access.admins.length > 0 ? access.admins : relay.pubkey === "" ? [] : [relay.pubkey];
  return new Set(readPublicKeys("access.admins", keys));
}

/**
 * The kinds that only their authors and recipients may read, after AUTH.
 *
 * @see NIP-04, NIP-17, NIP-59
 */
export function privateKinds({ access }: Pick<Settings, "access">): ReadonlySet<number> {
  return new Set(access.private_kinds.map(Number));
}
