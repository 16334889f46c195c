/**
 * Limits how much one client and one public key may ask of the relay.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Rate } from "../../base/token_bucket.ts";
import { type Buckets, type MakeBuckets, makeOwnBuckets } from "../../base/token_buckets.ts";
import { isInRange, type KindRange } from "../../nostr/kind.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Client } from "./client.ts";
import type { Inquiry, Policy, Submission } from "./policy.ts";

/** What the rates are measured by, and for whom they are higher. */
interface RateOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Whether a key has higher rates. Default: none has. */
  readonly isTrusted?: (key: string) => boolean;
  /** How many times the rates and bursts hold for trusted keys. Default: 1. */
  readonly trustedFactor?: number;
  /** Default: buckets of this thread alone. */
  readonly makeBuckets?: MakeBuckets | undefined;
}

/** The rates of one client: an IPv4 address or an IPv6 /64, over all its connections. */
export interface ClientRates {
  /** EVENT messages. */
  readonly events: Rate;
  /** REQ messages. */
  readonly requests: Rate;
  /** COUNT and NEG-OPEN messages, each as many times as it has filters: each filter is counted by itself. */
  readonly counts: Rate;
  /** AUTH messages. */
  readonly authentications: Rate;
}

/** A rate for events of some kinds. */
export interface KindRate {
  readonly kinds: KindRange;
  readonly rate: Rate;
}

const CLIENT_LIMITED = reason("rate-limited", "too many requests, try again later");
const EVENTS_LIMITED = reason("rate-limited", "too many events, try again later");
const KEY_LIMITED = reason(
  "rate-limited",
  "too many events of this key, try again later",
);
const REPEATS_LIMITED = reason(
  "rate-limited",
  "events of this key were sent again too often, try again later",
);
const KIND_LIMITED = reason(
  "rate-limited",
  "too many events of this kind for now, try again later",
);

/**
 * Refuses what a client sends beyond its rates. Clients without a network are exempt. Asked before
 * the signature check, because it is the client that is counted. Requests to vanish count like other
 * events: each takes longer than these.
 */
export function clientRates(rates: ClientRates, options: RateOptions): Policy {
  const { makeBuckets = makeOwnBuckets } = options;
  const events = makeBuckets("events of a client", rates.events);
  const requests = makeBuckets("requests of a client", rates.requests);
  const counts = makeBuckets("counts of a client", rates.counts);
  const authentications = makeBuckets("authentications of a client", rates.authentications);
  const admits = (buckets: Buckets, client: Client | undefined, times = 1) =>
    client?.network === undefined || buckets.tryTake(
      client.network,
      times * costOf(client.keys, options),
      options.clock.monotonicMs(),
    );
  // What is more than the whole burst would never be admitted.
  const timesOf = ({ length }: Inquiry["filters"]) =>
    Math.min(Math.max(1, length), rates.counts.burst);
  return {
    name: "rates of a client",
    screen: ({ client }) => admits(events, client) ? undefined : EVENTS_LIMITED,
    request({ verb, client, filters }) {
      const isAdmitted = verb === "REQ"
        ? admits(requests, client)
        : admits(counts, client, timesOf(filters));
      return isAdmitted ? undefined : CLIENT_LIMITED;
    },
    authenticate: (_key, client) => admits(authentications, client) ? undefined : CLIENT_LIMITED,
  };
}

/** A key is near its limit when less than this part of its burst is left. */
const NEAR_LIMIT = 0.1;

/**
 * How often one client may send stored events of a key again whose stored events are sent again too
 * often by all clients together.
 */
const OWN_REPEATS: Rate = { perSecond: 1, burst: 20 };

/**
 * Refuses events of a key that exceeds the rate, over all its connections. Tokens are taken after the
 * signature check and given back for what is not stored, so that nobody can use up another key's rate
 * with forged events or with its own old ones. Of a key near its limit only as many signatures are
 * checked per second as it may publish: otherwise each of a thousand connections could have some
 * checked before the first is counted.
 *
 * Events of the key that are sent again have the same rate once more. Beyond it only those clients are
 * refused that have sent many of them themselves, see {@link OWN_REPEATS}.
 */
export function keyRates(rate: Rate, options: RateOptions): Policy {
  const { clock, makeBuckets = makeOwnBuckets } = options;
  const buckets = makeBuckets("events of a key", rate);
  const tokens = new ReturnableTokens(buckets, options);
  const repeats = makeBuckets("repeats of a key", rate);
  const ownRepeats = makeBuckets("repeats of a key by a client", OWN_REPEATS);
  const nearLimit = Math.max(1, rate.burst * NEAR_LIMIT);
  // As many as are left of the burst then, so that honest events are not refused earlier by it.
  const checks = makeBuckets("checks of a key", { ...rate, burst: nearLimit });
  const mayCheck = (pubkey: string) => {
    const nowMs = clock.monotonicMs();
    return buckets.has(pubkey, nearLimit, nowMs) ||
      checks.tryTake(pubkey, costOf([pubkey], options), nowMs);
  };
  const mayRepeat = ({ event: { pubkey }, client }: Submission) => {
    const nowMs = clock.monotonicMs();
    return repeats.has(pubkey, costOf([pubkey], options), nowMs) ||
      ownRepeats.has(pairOf(client, pubkey), 1, nowMs);
  };
  const noteRepeat = ({ event: { pubkey }, client }: Submission) => {
    const nowMs = clock.monotonicMs();
    return repeats.tryTake(pubkey, costOf([pubkey], options), nowMs) ||
      ownRepeats.tryTake(pairOf(client, pubkey), 1, nowMs);
  };
  const isExempt = ({ event: { kind }, origin }: Submission) =>
    kind === VANISH_REQUEST || origin !== "socket";
  return {
    name: "rate of a key",
    screen(submission) {
      if (isExempt(submission)) return undefined;
      if (!mayRepeat(submission)) return REPEATS_LIMITED;
      return mayCheck(submission.event.pubkey) ? undefined : KEY_LIMITED;
    },
    event: (submission) =>
      isExempt(submission) || tokens.tryTake(submission) ? undefined : KEY_LIMITED,
    repeat: (submission) =>
      submission.origin !== "socket" || noteRepeat(submission) ? undefined : REPEATS_LIMITED,
    unstored(submission) {
      if (tokens.giveBack(submission)) noteRepeat(submission);
    },
  };
}

/** A client and a key. */
function pairOf(client: Client | undefined, pubkey: string): string {
  return `${client?.network ?? client?.address} ${pubkey}`;
}

/** Takes a key's tokens for its events, and gives them back for those that are not stored. */
class ReturnableTokens {
  readonly #buckets: Buckets;
  readonly #options: RateOptions;
  /** What was taken for each event. */
  readonly #taken = new WeakMap<Submission, number>();

  constructor(buckets: Buckets, options: RateOptions) {
    this.#buckets = buckets;
    this.#options = options;
  }

  tryTake(submission: Submission): boolean {
    const { pubkey } = submission.event;
    const cost = costOf([pubkey], this.#options);
    const isTaken = this.#buckets.tryTake(pubkey, cost, this.#options.clock.monotonicMs());
    if (isTaken) this.#taken.set(submission, cost);
    return isTaken;
  }

  /** False if none were taken. */
  giveBack(submission: Submission): boolean {
    const cost = this.#taken.get(submission);
    if (cost === undefined) return false;
    this.#taken.delete(submission);
    this.#buckets.give(submission.event.pubkey, cost, this.#options.clock.monotonicMs());
    return true;
  }
}

/**
 * Refuses events of some kinds beyond a rate that holds for each key and for each client. The rate
 * of the first range that contains the kind counts. A key's tokens are given back for what is not
 * stored; the client's are not.
 */
export function kindRates(rates: readonly KindRate[], options: RateOptions): Policy {
  const { clock, makeBuckets = makeOwnBuckets } = options;
  const ranges = rates.map(({ rate, kinds }) => {
    const name = `kinds ${kinds.first}-${kinds.last}`;
    return {
      kinds,
      ofKey: new ReturnableTokens(makeBuckets(`${name} of a key`, rate), options),
      ofClient: makeBuckets(`${name} of a client`, rate),
    };
  });
  const rangeOf = (kind: number) => ranges.find(({ kinds }) => isInRange(kinds, kind));
  return {
    name: "rates of kinds",
    event(submission) {
      const { event: { kind, pubkey }, origin, client } = submission;
      if (kind === VANISH_REQUEST || origin !== "socket") return undefined;
      const range = rangeOf(kind);
      if (range === undefined) return undefined;
      const nowMs = clock.monotonicMs();
      const cost = costOf([pubkey], options);
      const network = client?.network;
      return (network === undefined || range.ofClient.tryTake(network, cost, nowMs)) &&
          range.ofKey.tryTake(submission)
        ? undefined
        : KIND_LIMITED;
    },
    unstored: (submission) => void rangeOf(submission.event.kind)?.ofKey.giveBack(submission),
  };
}

/** How many tokens one message takes: 1, or less where a key is trusted. */
function costOf(keys: Iterable<string>, { isTrusted, trustedFactor = 1 }: RateOptions): number {
  if (isTrusted === undefined || trustedFactor === 1) return 1;
  for (const key of keys) if (isTrusted(key)) return 1 / trustedFactor;
  return 1;
}
