/**
 * Builds the relay's access policies from the settings.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { MakeBuckets } from "../../base/token_buckets.ts";
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
import type { Policy } from "../../relay/access/policy.ts";
import { noBroadFilters, privateKindsNeedAuth } from "../../relay/access/request_policies.ts";
import { notExpired, standardPolicies, vanishRequestsTo } from "../../relay/access/standard.ts";
import { webOfTrust } from "../../relay/access/web_of_trust.ts";
import { isTooOld, type RetentionRules } from "../../store/write/retention.ts";
import { isRequest } from "../../store/write/tombstones.ts";
import { relayLimits } from "../relay_limits.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import { kindRange, retentionRules } from "../database/retention_rules.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { MemberDomains } from "./member_domains.ts";
import type { Trust } from "./trust.ts";

interface PolicyContext {
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
  /** Default: those of the settings, rules, domains and web of trust given here. */
  readonly people?: People;
  /** Default: rates hold in this thread alone. */
  readonly makeBuckets?: MakeBuckets | undefined;
  /** Default: everything is rebuilt. */
  readonly keep?: Keep;
}

/** Who is a member, and whom the relay trusts, now. */
export interface People {
  readonly isMember: (key: string) => boolean;
  /** Whether a key is a member's or in the web of trust. */
  readonly isTrusted: (key: string) => boolean;
}

/**
 * Gives what `make` has made before under the same name, from the same values (`===`), or has it
 * made: for policies that keep state, and for what is large.
 */
export type Keep = <T>(name: string, values: readonly unknown[], make: () => T) => T;

const keepNothing: Keep = (_name, _values, make) => make();

/** Members and trusted keys by these settings, rules, domains and web of trust. */
export function peopleOf(
  { settings: { access }, rules, trust, domains }: Pick<
    PolicyContext,
    "settings" | "rules" | "trust" | "domains"
  >,
  keep: Keep = keepNothing,
): People {
  const members = keep(
    "members",
    [access.members],
    () => new Set(readPublicKeys("access.members", access.members)),
  );
  const isMember = (key: string) =>
    members.has(key) || rules.has("allowed-key", key) || domains?.isMember(key) === true;
  return { isMember, isTrusted: (key) => isMember(key) || trust?.isTrusted(key) === true };
}

/** The policies that every event and request must pass, cheapest first. */
export function relayPolicies(context: PolicyContext): readonly Policy[] {
  const { settings, rules, trust, isBannedText } = context;
  const { people = peopleOf(context), keep = keepNothing } = context;
  const { access, limits, relay } = settings;
  const { isMember } = people;
  const rates = rateLimits(context, people);
  return [
    rates.ofClients,
    ...standardPolicies(relayLimits(settings)),
    vanishRequestsTo(relay.url),
    rulesPolicy(rules),
    keep(
      "banned keys",
      [access.banned_keys],
      () => bannedKeys(new Set(readPublicKeys("access.banned_keys", access.banned_keys))),
    ),
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
    keep("retention", [settings.retention], () => retentionPolicy(retentionRules(settings))),
    ...limits.kind_event_rates.length === 0 ? [] : [rates.ofKinds],
    rates.ofKeys,
    ...newcomerPolicy(context, people.isTrusted),
  ];
}

/** The policies that count what clients and keys send. */
function rateLimits(
  { settings: { limits }, clock, makeBuckets, keep = keepNothing }: PolicyContext,
  { isTrusted }: People,
): Readonly<Record<"ofClients" | "ofKinds" | "ofKeys", Policy>> {
  const trustedFactor = limits.trusted_rate_factor;
  const options = { clock, isTrusted, trustedFactor, makeBuckets };
  const ofClient = clientRateLimits(limits);
  const numbers = Object.values(ofClient).flatMap(({ perSecond, burst }) => [perSecond, burst]);
  const ofKey = { perSecond: limits.key_event_rate, burst: limits.key_event_burst };
  return {
    ofClients: keep(
      "rates of clients",
      [...numbers, trustedFactor],
      () => clientRates(ofClient, options),
    ),
    ofKinds: keep(
      "rates of kinds",
      [limits.kind_event_rates, trustedFactor],
      () => kindRates(limits.kind_event_rates.map(kindRate), options),
    ),
    ofKeys: keep(
      "rates of keys",
      [ofKey.perSecond, ofKey.burst, trustedFactor],
      () => keyRates(ofKey, options),
    ),
  };
}

/** What is asked of newcomers; nothing where the settings ask nothing of them. */
function newcomerPolicy(
  { settings: { access }, clock, store, makeBuckets, keep = keepNothing }: PolicyContext,
  isExempt: NewcomerContext["isExempt"],
): readonly Policy[] {
  const { newcomer_events: events, newcomer_pow_difficulty: bits } = access;
  const { newcomer_rate: perMinute, newcomer_lookup_rate: perSecond } = access;
  if (store === undefined || events === 0 || (bits === 0 && perMinute === 0)) return [];
  const { newcomer_burst: burst, newcomer_known_keys: maxKeys } = access;
  const { pow_committed: isCommitted, policy_timeout_ms: timeoutMs } = access;
  const values = [events, bits, isCommitted, perMinute, burst, perSecond, maxKeys, timeoutMs];
  const make = () =>
    newcomers({
      ...{ events, bits, isCommitted, maxKeys, timeoutMs },
      rate: perMinute === 0 ? undefined : { perSecond: perMinute / 60, burst },
      lookupRate: { perSecond, burst: 10 * perSecond },
    }, { store, clock, isExempt, makeBuckets });
  return [keep("newcomers", values, make)];
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
  const burst = Number(perMinute);
  return { kinds: kindRange(kinds), rate: { perSecond: burst / 60, burst } };
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
