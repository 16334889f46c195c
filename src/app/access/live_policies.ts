/**
 * The policies of the settings in a running relay, whose settings may change.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { MakeBuckets } from "../../base/token_buckets.ts";
import type { Reason } from "../../nostr/reason.ts";
import type { IsBannedText } from "../../relay/access/access_lists.ts";
import type { Client } from "../../relay/access/client.ts";
import { readRefusal } from "../../relay/access/membership.ts";
import type { Policy } from "../../relay/access/policy.ts";
import type { RuleBook } from "../../relay/access/rules.ts";
import type { EventStore } from "../../store/event_store.ts";
import { bannedPatternsOf } from "../settings/banned_patterns.ts";
import type { Settings } from "../settings/setting_list.ts";
import { type Keep, type People, peopleOf, relayPolicies } from "./access_policies.ts";
import { type Fetch, type MemberDomains, memberDomainsOf } from "./member_domains.ts";
import { type Trust, trustOf } from "./trust.ts";

interface LivePolicyContext {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  /** The rules changed at run time through the management API. */
  readonly rules: RuleBook;
  /** Requests the documents of `access.member_domains`. */
  readonly fetch: Fetch;
  /** Default: rates hold in this thread alone. */
  readonly makeBuckets?: MakeBuckets | undefined;
}

/** Settings, and what of them had to be compiled. */
interface PreparedPolicies {
  readonly settings: Settings;
  readonly isBannedText: IsBannedText | undefined;
}

/**
 * Builds the policies, and rebuilds those that a change of the settings concerns. The others keep
 * their state: rates their buckets, the web of trust its keys.
 */
export class LivePolicies {
  readonly #context: LivePolicyContext;
  /** What was made, and from which values. */
  readonly #kept = new Map<
    string,
    { readonly values: readonly unknown[]; readonly made: unknown }
  >();
  #prepared: PreparedPolicies;
  #trust: Trust | undefined = undefined;
  #domains: MemberDomains | undefined = undefined;
  #people: People = { isMember: () => false, isTrusted: () => false };
  #isStarted = false;
  #membersRead: Promise<void> = Promise.resolve();

  constructor(prepared: PreparedPolicies, context: LivePolicyContext) {
    this.#context = context;
    this.#prepared = prepared;
    this.#use(prepared);
  }

  /** Rejects with a TypeError that names a pattern which cannot be used. */
  static async open(settings: Settings, context: LivePolicyContext): Promise<LivePolicies> {
    const isBannedText = await bannedPatternsOf(settings);
    return new LivePolicies({ settings, isBannedText }, context);
  }

  /**
   * Reads the web of trust and the members of domains, now and at intervals. Resolves when the
   * members were read for the first time, or could not be.
   */
  async start(): Promise<void> {
    this.#isStarted = true;
    void this.#trust?.start(this.#context);
    await this.#domains?.start(this.#context);
  }

  /** Resolves when the members of the domains in use were read once, or could not be. */
  get membersRead(): Promise<void> {
    return this.#membersRead;
  }

  /** The policies of the settings in use, cheapest first. */
  get policies(): readonly Policy[] {
    const { store, clock, rules, makeBuckets } = this.#context;
    return relayPolicies({
      ...this.#prepared,
      ...{ store, clock, rules, makeBuckets },
      trust: this.#trust,
      domains: this.#domains,
      people: {
        isMember: (key) => this.#people.isMember(key),
        isTrusted: (key) => this.#people.isTrusted(key),
      },
      keep: this.#keep,
    });
  }

  /** Why a client may not read; undefined if it may. */
  readRefusal(client: Client): Reason | undefined {
    const { readers } = this.#prepared.settings.access;
    return readRefusal(client, readers, (key) => this.#people.isMember(key));
  }

  /**
   * Prepares new settings; {@link policies} are of them once the returned function was called.
   * Rejects with a TypeError that names a pattern which cannot be used.
   */
  async prepare(settings: Settings): Promise<() => void> {
    const { settings: { access }, isBannedText } = this.#prepared;
    const isSame = access.banned_patterns === settings.access.banned_patterns;
    const prepared = {
      settings,
      isBannedText: isSame ? isBannedText : await bannedPatternsOf(settings),
    };
    return () => this.#use(prepared);
  }

  close(): void {
    this.#trust?.close();
    this.#domains?.close();
  }

  #use(prepared: PreparedPolicies): void {
    const { settings } = prepared;
    const { access, limits } = settings;
    this.#prepared = prepared;
    this.#trust = this.#keep(
      "web of trust",
      [access.trust_roots, access.trust_hops, access.trust_refresh_s, limits.max_trusted_keys],
      () => this.#newTrust(settings),
    );
    this.#domains = this.#keep("member domains", [
      access.member_domains,
      access.member_domain_refresh_s,
      access.member_domain_timeout_ms,
      access.member_domain_max_bytes,
    ], () => this.#newDomains(settings));
    this.#people = peopleOf({
      settings,
      rules: this.#context.rules,
      trust: this.#trust,
      domains: this.#domains,
    }, this.#keep);
  }

  /** A new web, which has the keys of the one before until it was read. */
  #newTrust(settings: Settings): Trust | undefined {
    const trust = trustOf(settings, this.#trust);
    this.#trust?.close();
    if (this.#isStarted) void trust?.start(this.#context);
    return trust;
  }

  #newDomains(settings: Settings): MemberDomains | undefined {
    const domains = memberDomainsOf(settings, this.#domains);
    this.#domains?.close();
    if (this.#isStarted) this.#membersRead = domains?.start(this.#context) ?? Promise.resolve();
    return domains;
  }

  readonly #keep: Keep = <T>(name: string, values: readonly unknown[], make: () => T): T => {
    const kept = this.#kept.get(name);
    if (kept !== undefined && values.every((value, at) => value === kept.values[at])) {
      // Under one name things of one type are made.
      return kept.made as T;
    }
    const made = make();
    this.#kept.set(name, { values, made });
    return made;
  };
}
