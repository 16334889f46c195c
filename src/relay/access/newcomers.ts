/**
 * Asks proof of work of new keys, and limits how many of their events one client may publish.
 *
 * A key is established once it has so many events stored. The store is asked, so that it holds over
 * restarts and for all instances on one database: once for a key, after the signature check, and
 * for no key that is known to be established.
 *
 * @see NIP-13
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { LruMap } from "../../base/lru_map.ts";
import type { Rate } from "../../base/token_bucket.ts";
import { type Buckets, type MakeBuckets, makeOwnBuckets } from "../../base/token_buckets.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { kindClass } from "../../nostr/kind.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { EventStore } from "../../store/event_store.ts";
import type { Awaitable, Policy } from "./policy.ts";
import { workRefusal } from "./proof_of_work.ts";

/** How long the store's answer about a newcomer holds, milliseconds: other instances store, too. */
const NEWCOMER_HOLDS_MS = 600_000;

/** What is asked of newcomers. */
export interface NewcomerLimits {
  /** How many stored events make a key established. */
  readonly events: number;
  /** The difficulty that a newcomer's event needs, zero bits; 0 for none. */
  readonly bits: number;
  /** Whether the `nonce` tag has to commit to it. */
  readonly isCommitted: boolean;
  /** How many events of newcomers one client may publish; undefined for any number. */
  readonly rate: Rate | undefined;
  /** For how many unknown keys one client may have the store asked. */
  readonly lookupRate: Rate;
  /** How many keys are remembered as established, and as many as newcomers. */
  readonly maxKeys: number;
  /** How long the store may work for one answer, milliseconds. */
  readonly timeoutMs: number;
}

/** What {@link newcomers} works with. */
export interface NewcomerContext {
  readonly store: Pick<EventStore, "count">;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Whether a key never counts as a newcomer's. */
  readonly isExempt: (key: string) => boolean;
  /** Default: buckets of this thread alone. */
  readonly makeBuckets?: MakeBuckets | undefined;
}

/**
 * Refuses events of newcomers that show too little work, or that come too fast from one client.
 *
 * Exempt are requests to vanish, and what does not come from a client. Gift wraps are exempt because
 * each has a key of its own, and ephemeral events because no key is ever established by them.
 */
export function newcomers(limits: NewcomerLimits, context: NewcomerContext): Policy {
  const { events, bits, isCommitted, rate } = limits;
  const keys = new KnownKeys(limits, context);
  const { makeBuckets = makeOwnBuckets } = context;
  const published = rate && makeBuckets("events of newcomers", rate);
  const whose = `, which the first ${events} events of a key need`;

  const decide = (event: NostrEvent, client: string | undefined): Reason | undefined => {
    const refusal = bits === 0 ? undefined : workRefusal(event, { bits, isCommitted, whose });
    if (refusal !== undefined) return refusal;
    if (
      client !== undefined && published?.tryTake(client, 1, context.clock.monotonicMs()) === false
    ) {
      return reason("rate-limited", "too many events of new keys from here, try again later");
    }
    keys.published(event.pubkey);
    return undefined;
  };
  return {
    name: "newcomers",
    ...bits > 0 && { information: { supportedNips: [13], restrictedWrites: true } },
    event({ event, origin, client }) {
      const { pubkey } = event;
      if (origin !== "socket" || isAlwaysTaken(event) || context.isExempt(pubkey)) return undefined;
      const network = client?.network;
      // Without a rate there is nothing to decide about an event that shows the work.
      if (rate === undefined && !workRefusal(event, { bits, isCommitted })) {
        return keys.published(pubkey);
      }
      const known = keys.isEstablished(pubkey);
      if (known === true) return undefined;
      if (known === false) return decide(event, network);
      const answer = keys.ask(pubkey, network);
      const decideBy = (said: Answer) =>
        said === "established" ? undefined : said === "new" ? decide(event, network) : said;
      return answer instanceof Promise ? answer.then(decideBy) : decideBy(answer);
    },
  };
}

function isAlwaysTaken({ kind }: NostrEvent): boolean {
  return kind === VANISH_REQUEST || kind === GIFT_WRAP || kindClass(kind) === "ephemeral";
}

/** A key that the store has too few events of. */
interface Newcomer {
  /** How many more events have to be published before the store is worth asking again. */
  missing: number;
  readonly untilMs: number;
}

/** What the store said of a key, or the refusal to ask it. */
type Answer = "established" | "new" | Reason;

/** Which keys are established, as far as the store was asked. */
class KnownKeys {
  readonly #limits: NewcomerLimits;
  readonly #context: NewcomerContext;
  readonly #lookups: Buckets;
  readonly #established: LruMap<string, true>;
  /** Apart from the established ones, so that a wave of new keys displaces none of these. */
  readonly #newcomers: LruMap<string, Newcomer>;
  /** Events of one key that come together wait for one answer. */
  readonly #asked = new Map<string, Promise<Answer>>();

  constructor(limits: NewcomerLimits, context: NewcomerContext) {
    this.#limits = limits;
    this.#context = context;
    const { makeBuckets = makeOwnBuckets } = context;
    this.#lookups = makeBuckets("lookups of newcomers", limits.lookupRate);
    this.#established = new LruMap(limits.maxKeys);
    this.#newcomers = new LruMap(limits.maxKeys);
  }

  /** Undefined where the store has to be asked. */
  isEstablished(key: string): boolean | undefined {
    if (this.#established.get(key)) return true;
    const newcomer = this.#newcomers.get(key);
    const { clock } = this.#context;
    return newcomer !== undefined && newcomer.missing > 0 && clock.monotonicMs() < newcomer.untilMs
      ? false
      : undefined;
  }

  /** Takes note that an event was let through, of a newcomer perhaps. */
  published(key: string): undefined {
    const newcomer = this.#newcomers.get(key);
    if (newcomer !== undefined) newcomer.missing--;
  }

  /** Asks the store, unless the client has had it asked too often. */
  ask(key: string, client: string | undefined): Awaitable<Answer> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    if (
      client !== undefined && !this.#lookups.tryTake(client, 1, this.#context.clock.monotonicMs())
    ) {
      return reason("rate-limited", "too many new keys from here, try again later");
    }
    const asking = this.#askStore(key, client).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  async #askStore(key: string, client: string | undefined): Promise<Answer> {
    const { store, clock } = this.#context;
    const { events, timeoutMs } = this.#limits;
    const filter = { authors: new Set([key]), tags: new Map() };
    const source = { client: client ?? "", connection: this };
    const { count, isApproximate } = await store.count([filter], {
      ...{ timeoutMs, source },
      maxRows: events,
    });
    // Approximate: there are more rows, of which some have expired and are about to be removed.
    if (count >= events || isApproximate) {
      this.#newcomers.delete(key);
      this.#established.set(key, true);
      return "established";
    }
    const untilMs = clock.monotonicMs() + NEWCOMER_HOLDS_MS;
    this.#newcomers.set(key, { missing: events - count, untilMs });
    return "new";
  }
}
