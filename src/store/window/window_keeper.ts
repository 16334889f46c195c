/**
 * Keeps the window complete above its horizon: fills it, and takes every change that comes through the
 * feed, from this instance and from others.
 *
 * @module
 */

import type { Timer } from "../../base/clock.ts";
import { deletionTargets } from "../../nostr/deletion_request.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { addressOf, kindClass } from "../../nostr/kind.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type {
  Erasure,
  FeedOptions,
  LateEvent,
  Rule,
  RuleChange,
  ToldRecord,
} from "../event_store.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { isRequest, Tombstones } from "../write/tombstones.ts";
import type { TidyStore } from "../write/upkeep.ts";
import type { AskedAddresses } from "./asked_addresses.ts";
import { Filling } from "./filling.ts";
import { LatelyDeleted } from "./lately_deleted.ts";
import type { RecentEvents } from "./recent_events.ts";

/** How much is read at a time to fill the window, bytes: some milliseconds of the thread. */
const FILL_PIECE_BYTES = 131_072;

/** How many ids a question of `#lookUp` has. */
const LOOKED_UP = 1_000;

/** How many authors may wait for `#lookUp`. Beyond that the window is filled again. */
const MAX_DOUBTFUL = 1_000;

/**
 * The pause before the window is filled again, milliseconds: filling it costs as much as thousands of
 * queries.
 */
const REFILL_MS = 10_000;

/** The keys and events that the operator's rules ban: no reader is shown them. */
interface Banned {
  readonly keys: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
}

/** What a {@link WindowKeeper} keeps true. */
interface Kept {
  readonly recent: RecentEvents;
  readonly asked: AskedAddresses;
  readonly clock: StoreClock;
}

/**
 * Fills the window from a store and changes it with the store. Where it cannot know what has changed, it
 * empties the window and fills it again.
 */
export class WindowKeeper {
  readonly #inner: TidyStore;
  readonly #recent: RecentEvents;
  readonly #asked: AskedAddresses;
  readonly #clock: StoreClock;
  readonly #deleted = new LatelyDeleted();
  #banned: Banned = { keys: new Set(), events: new Set() };
  #started: FeedOptions | undefined = undefined;
  #filling: Filling | undefined = undefined;
  /** Authors some of whose held events may have been deleted: `#lookUp` finds out. */
  readonly #doubtful = new Set<string>();
  #isLookingUp = false;
  /** The ids that are looked up at the moment. */
  #lookedUp: ReadonlySet<string> = new Set();
  #refill: Timer | undefined = undefined;
  #isClosed = false;

  constructor(inner: TidyStore, { recent, asked, clock }: Kept) {
    this.#inner = inner;
    this.#recent = recent;
    this.#asked = asked;
    this.#clock = clock;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Starts the store's feed, and fills the window in the background. */
  async start(options: FeedOptions): Promise<void> {
    await this.#inner.feed.start({
      ...options,
      onLateEvent: (event) => event === undefined ? this.#fillAgain() : this.takeLate(event),
      onErased: (erasure) => {
        this.#forgetErased(erasure);
        options.onErased?.(erasure);
      },
      onRestored: (ids) => {
        this.#asked.forgetIds(new Set(ids));
        this.#deleted.restore(ids);
        options.onRestored?.(ids);
      },
    });
    this.#banned = bannedBy(await this.#inner.rules());
    this.#started = options;
    void this.#fill(options);
  }

  /** Ends the filling. */
  close(): void {
    this.#isClosed = true;
    this.#refill?.cancel();
    this.#filling?.end();
  }

  /** An event that has become visible, whoever stored it. */
  take(record: ToldRecord): void {
    const { event } = record;
    if (kindClass(event.kind) === "ephemeral") return;
    this.#forgetAsked(event);
    // An older version is stored only after one that has expired was removed.
    this.#recent.deleteExpired(event, nowS(this.#clock));
    if (isRequest(event)) this.#forgetCovered(event);
    // Another instance's events are told after they were read, and may have been deleted by then.
    if (this.#deleted.covers(event)) return this.takeLate(event);
    // It may have been removed before and have come again.
    this.#filling?.readmit(event.id);
    if (this.#lookedUp.has(event.id)) this.#doubt(event.pubkey);
    if (event.created_at >= this.#recent.horizon) {
      this.#add(record);
      if (this.#recent.isWasteful) this.#fillAgain();
      return;
    }
    // The window may have the version that it replaces.
    this.#recent.deleteOlder(event);
    this.#filling?.tell(record);
  }

  /** A {@link LateEvent} was not stored: what it would have replaced or deleted is deleted. */
  takeLate(event: LateEvent): void {
    if (isRequest(event)) return this.#forgetCovered(event);
    this.#forgetAsked(event);
    this.#recent.deleteOlder(event);
    this.#deleted.closeUpTo(event);
  }

  #forgetAsked({ pubkey, kind }: LateEvent): void {
    if (kindClass(kind) === "replaceable") this.#asked.forget(pubkey, kind);
  }

  /** Events were removed that nobody asked to delete. */
  remove(ids: readonly string[]): void {
    this.#asked.forgetIds(new Set(ids));
    for (const id of ids) this.#filling?.remove(id);
    this.#delete(ids);
  }

  /** The rules are these now. */
  takeRules(rules: readonly Rule[]): void {
    this.#ban(bannedBy(rules));
  }

  /** Rules were changed here. */
  takeRuleChanges(changes: readonly RuleChange[]): void {
    this.#ban(changedBy(changes, this.#banned));
  }

  /** Adds an event, unless readers are not shown it. */
  #add(record: ToldRecord): void {
    const { event } = record;
    if (!isBanned(this.#banned, event)) return this.#recent.add(record);
    // Its author's older versions are banned with it, unless it is the event that is banned.
    if (addressOf(event) === undefined || this.#banned.keys.has(event.pubkey)) return;
    this.#recent.deleteOlder(event);
    // The version that it replaced may have been read before.
    if (this.#filling !== undefined) this.#fillAgain();
  }

  /** Removes what is banned. When a ban is lifted, the window lacks it and is filled again. */
  #ban(banned: Banned): void {
    const { keys, events } = this.#banned;
    this.#banned = banned;
    const [newKeys, newEvents] = [banned.keys.difference(keys), banned.events.difference(events)];
    if (newKeys.size + newEvents.size > 0) this.#asked.clear();
    // This clears it, too.
    if (!keys.isSubsetOf(banned.keys) || !events.isSubsetOf(banned.events)) {
      return this.#fillAgain();
    }
    const held = this.#recent.described(newEvents);
    const isReplacing = held?.some((event) => addressOf(event) !== undefined) ?? true;
    // As above.
    if (isReplacing && this.#filling !== undefined) return this.#fillAgain();
    this.#delete(newEvents);
    for (const pubkey of newKeys) this.#delete(this.#recent.writtenBy(pubkey));
  }

  /** Removes events from the window; where they are too many for that, it is filled again. */
  #delete(ids: Iterable<string> | undefined): void {
    if (ids === undefined || !this.#recent.delete(ids)) this.#fillAgain();
  }

  /** Removes what a request to delete or to vanish asks for. */
  #forgetCovered(request: LateEvent): void {
    this.#deleted.note(request);
    this.#asked.forgetAuthor(request.pubkey);
    const tombstones = new Tombstones();
    tombstones.noteDeletion(request);
    const { ids, addresses } = deletionTargets(request);
    const named = this.#recent.ownedAmong(ids, request.pubkey);
    const theirs = request.kind === VANISH_REQUEST ? this.#recent.ownedBy(request.pubkey) : [];
    if (named === undefined || theirs === undefined) return this.#fillAgain();
    const versions = addresses.map((address) => this.#recent.atAddress(address))
      .filter((version) => version !== undefined);
    const covered = [...named, ...versions, ...theirs].filter((held) => tombstones.covers(held));
    for (const held of covered) this.#deleted.closeUpTo(held);
    this.#delete(covered.map(({ id }) => id));
    if (this.#inner.feed.isShared && [...ids].some((id) => !this.#recent.has(id))) {
      this.#doubt(request.pubkey);
    }
  }

  /** Removes what the operator deleted. */
  #forgetErased({ ids, isRemembered }: Erasure): void {
    this.#asked.forgetIds(new Set(ids));
    // An event that may be stored again cannot be kept out. The feed or the filling may have read
    // it, or what it replaced, before the deletion. So the whole pause begins anew: events that
    // were read before have arrived when it ends.
    const isBeingRead = this.#inner.feed.isShared || this.#filling !== undefined;
    if (!isRemembered && isBeingRead) {
      this.#refill?.cancel();
      this.#refill = undefined;
      return this.#fillAgain();
    }
    for (const id of ids) {
      if (isRemembered) this.#deleted.erase(id);
      this.#filling?.remove(id);
    }
    const held = this.#recent.described(ids);
    if (isRemembered) held?.forEach((event) => this.#deleted.closeUpTo(event));
    this.#delete(held === undefined ? undefined : ids);
  }

  /**
   * An event that another instance stored and deleted before it could be read is never told. If it was a
   * newer version of an event that is held, that one has been replaced.
   */
  #doubt(pubkey: string): void {
    if (this.#doubtful.size >= MAX_DOUBTFUL) {
      this.#doubtful.clear();
      return this.#fillAgain();
    }
    this.#doubtful.add(pubkey);
    this.#filling?.doubtful.add(pubkey);
    if (!this.#isLookingUp) void this.#lookUp();
  }

  async #lookUp(): Promise<void> {
    this.#isLookingUp = true;
    try {
      for (const pubkey of this.#doubtful) {
        this.#doubtful.delete(pubkey);
        const versions = this.#recent.versionsOf(pubkey);
        for (let at = 0; at < versions.length; at += LOOKED_UP) {
          const gone = await this.#missing(new Set(versions.slice(at, at + LOOKED_UP)));
          // One of them may have been stored again meanwhile: then all of the author's are looked up again.
          if (this.#doubtful.has(pubkey)) break;
          this.#delete(gone);
        }
      }
    } catch {
      // The database is away.
      this.#fillAgain();
    } finally {
      this.#isLookingUp = false;
    }
  }

  /** Those of these events that are not stored. */
  async #missing(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    this.#lookedUp = ids;
    try {
      const stored = await Array.fromAsync(this.#inner.identify([{ ids, tags: new Map() }]));
      return ids.difference(new Set(stored.flat().map(({ id }) => id)));
    } finally {
      this.#lookedUp = new Set();
    }
  }

  /** Empties the window and fills it again after a pause; until then the database answers. */
  #fillAgain(): void {
    const options = this.#started;
    this.#filling?.end();
    this.#filling = undefined;
    this.#recent.clear();
    this.#asked.clear();
    if (!this.#isClosed && options !== undefined) this.#fillLater(options);
  }

  #fillLater(options: FeedOptions): void {
    this.#refill ??= options.clock.after(REFILL_MS, () => {
      this.#refill = undefined;
      void this.#fill(options);
    });
  }

  /** Reads the newest events below the horizon until the window is full, and again after a failure. */
  async #fill(options: FeedOptions): Promise<void> {
    const filling = new Filling({
      recent: this.#recent,
      deleted: this.#deleted,
      add: (record) => this.#add(record),
      takeLate: (event) => this.takeLate(event),
    });
    this.#filling = filling;
    const { signal } = filling;
    try {
      const { horizon } = this.#recent;
      const filter = { tags: new Map(), ...horizon < Infinity && { until: horizon - 1 } };
      const asked = { signal, pieceBytes: () => FILL_PIECE_BYTES };
      for await (const rows of this.#inner.query([filter], asked)) {
        if (signal.aborted) return;
        if (filling.isOvertaken) break;
        if (!filling.takePage(rows)) return;
      }
      if (signal.aborted) return;
      // What the window has is exact by now. It goes on from there, so that nobody can keep it from filling.
      if (filling.isOvertaken) this.#fillLater(options);
      else filling.lower(0);
    } catch (error) {
      if (signal.aborted) return;
      options.log.warn("the newest events cannot be read yet", { error: String(error) });
      this.#fillAgain();
    } finally {
      if (this.#filling === filling) {
        this.#filling = undefined;
        for (const pubkey of filling.doubtful) this.#doubt(pubkey);
      }
    }
  }
}

/** What these rules ban. */
function bannedBy(rules: readonly Rule[]): Banned {
  return changedBy(rules, { keys: new Set(), events: new Set() });
}

/** What is banned after these changes. */
function changedBy(changes: readonly RuleChange[], before: Banned): Banned {
  const keys = new Set(before.keys);
  const events = new Set(before.events);
  for (const { list, value, reason } of changes) {
    const values = list === "banned-key" ? keys : list === "banned-event" ? events : undefined;
    if (reason === undefined) values?.delete(value);
    else values?.add(value);
  }
  return { keys, events };
}

/** Whether the event is hidden. */
function isBanned({ keys, events }: Banned, { id, pubkey }: NostrEvent): boolean {
  return keys.has(pubkey) || events.has(id);
}
