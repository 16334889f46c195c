/**
 * Implements the methods of the relay management API.
 *
 * @see NIP-86
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { utf8Decode } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { isKey } from "../../nostr/hex.ts";
import { isCount } from "../../nostr/json.ts";
import { MAX_KIND } from "../../nostr/parse_event.ts";
import type { EventStore, RuleChange, RuleList, RuleStore } from "../../store/event_store.ts";
import type { RuleBook } from "./rules.ts";

interface ManagementOptions {
  /** Updated by each call, after the store and before the answer. */
  readonly rules: RuleBook;
  readonly store: RuleStore & Pick<EventStore, "query">;
  readonly clock: Pick<Clock, "nowMs">;
  /** Normalises an IP address for comparison; undefined when it is not one. */
  readonly readIp: (text: string) => string | undefined;
  /** Called after the rules have changed. */
  readonly onChanged: () => void;
}

/** The response to a call. */
export type ManagementAnswer = { readonly result: unknown } | { readonly error: string };

/** Longest reason, name, description or URL, characters. */
const MAX_TEXT = 1_000;

/** The kind of a report. @see NIP-56 */
const REPORT = 1984;

/** How many of the newest reports are read. */
const MAX_REPORTS = 2_000;

type Method = (params: readonly unknown[], who: string) => Promise<ManagementAnswer>;

/** The rule change of a call, or what is wrong with its parameters. */
type Asked = RuleChange | { readonly error: string };

/** Reads a parameter; `otherwise` is the error text when that fails. */
interface Parameter {
  readonly read: (value: unknown) => string | undefined;
  readonly otherwise: string;
}

/**
 * Runs calls of the relay management API. The caller is authorized by the HTTP route.
 *
 * @see NIP-86
 */
export class Management {
  readonly #options: ManagementOptions;
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(options: ManagementOptions) {
    this.#options = options;
    const ip: Parameter = {
      read: (value) => typeof value === "string" ? options.readIp(value) : undefined,
      otherwise: "the first parameter is not an IP address",
    };
    const change =
      (...asked: readonly ((params: readonly unknown[]) => Asked)[]): Method => (params, who) =>
        this.#change(asked.map((ask) => ask(params)), who);
    const list = (list: RuleList, name: string): Method => () => this.#list(list, name);
    this.#methods = new Map<string, Method>([
      ["banpubkey", change(setting("banned-key", KEY), lifting("allowed-key", KEY))],
      ["unbanpubkey", change(lifting("banned-key", KEY))],
      ["listbannedpubkeys", list("banned-key", "pubkey")],
      ["allowpubkey", change(setting("allowed-key", KEY), lifting("banned-key", KEY))],
      ["unallowpubkey", change(lifting("allowed-key", KEY))],
      ["listallowedpubkeys", list("allowed-key", "pubkey")],
      ["listeventsneedingmoderation", () => this.#reported()],
      ["allowevent", change(setting("allowed-event", KEY), lifting("banned-event", KEY))],
      ["banevent", change(setting("banned-event", KEY), lifting("allowed-event", KEY))],
      // Not in NIP-86. `allowevent` would also allow the event; this only lifts the ban.
      ["unbanevent", change(lifting("banned-event", KEY))],
      ["listbannedevents", list("banned-event", "id")],
      ["changerelayname", change(renaming("name"))],
      ["changerelaydescription", change(renaming("description"))],
      ["changerelayicon", change(renaming("icon"))],
      ["allowkind", change(setting("allowed-kind", KIND), lifting("banned-kind", KIND))],
      ["disallowkind", change(setting("banned-kind", KIND), lifting("allowed-kind", KIND))],
      ["listallowedkinds", () => this.#kinds()],
      ["blockip", change(setting("blocked-ip", ip))],
      ["unblockip", change(lifting("blocked-ip", ip))],
      ["listblockedips", list("blocked-ip", "ip")],
    ]);
  }

  /**
   * Runs one call. Rejects only when the store fails.
   *
   * @param who the public key of the caller, for the log
   */
  call(method: string, params: readonly unknown[], who: string): Promise<ManagementAnswer> {
    if (method === "supportedmethods") {
      return Promise.resolve({ result: [...this.#methods.keys()] });
    }
    const carryOut = this.#methods.get(method);
    return carryOut === undefined
      ? Promise.resolve({ error: `there is no method "${method.slice(0, 50)}" here` })
      : carryOut(params, who);
  }

  async #change(asked: readonly Asked[], who: string): Promise<ManagementAnswer> {
    const { store, rules, clock, onChanged } = this.#options;
    const changes: RuleChange[] = [];
    for (const change of asked) {
      if ("error" in change) return change;
      // A rule that already holds is not written again, nor logged.
      if (rules.reasonOf(change.list, change.value) !== change.reason) changes.push(change);
    }
    if (changes.length === 0) return { result: true };
    await store.changeRules(changes, { who, atS: Math.floor(clock.nowMs() / 1000) });
    rules.change(changes);
    onChanged();
    return { result: true };
  }

  #list(list: RuleList, name: string): Promise<ManagementAnswer> {
    const entries = [...this.#options.rules.of(list)];
    return Promise.resolve({
      result: entries.map(({ value, reason }) => ({
        [name]: value,
        ...reason !== "" && { reason },
      })),
    });
  }

  #kinds(): Promise<ManagementAnswer> {
    const kinds = [...this.#options.rules.of("allowed-kind")].map(({ value }) => Number(value));
    return Promise.resolve({ result: kinds.sort((a, b) => a - b) });
  }

  /** Reported events that are neither banned nor allowed, the most reported first. */
  async #reported(): Promise<ManagementAnswer> {
    const { store, rules } = this.#options;
    const reports = new Map<string, Map<string, string>>();
    const filter = { kinds: new Set([REPORT]), tags: new Map(), limit: MAX_REPORTS };
    for await (const rows of store.query([filter])) {
      for (const { json } of rows) {
        const report: NostrEvent = JSON.parse(utf8Decode(json)!);
        for (const [name, id, type = "other"] of report.tags) {
          if (name !== "e" || !isKey(id)) continue;
          if (rules.has("banned-event", id) || rules.has("allowed-event", id)) continue;
          const byReporter = reports.get(id) ?? new Map<string, string>();
          // One report per key and event.
          reports.set(id, byReporter.set(report.pubkey, type.slice(0, 50)));
        }
      }
    }
    const result = [...reports]
      .sort(([, a], [, b]) => b.size - a.size)
      .map(([id, types]) => ({
        id,
        reason: `${types.size} reports: ${[...new Set(types.values())].sort().join(", ")}`,
      }));
    return { result };
  }
}

/** A public key or an event id. */
const KEY: Parameter = {
  read: (value) => isKey(value) ? value : undefined,
  otherwise: "the first parameter is not 64 lower-case hex digits",
};

const KIND: Parameter = {
  read: (value) => isCount(value, MAX_KIND) ? `${value}` : undefined,
  otherwise: `the first parameter is not a kind from 0 to ${MAX_KIND}`,
};

const TEXT: Parameter = {
  read: (value) =>
    typeof value === "string" && value.length <= MAX_TEXT && value.isWellFormed() &&
      !value.includes("\0")
      ? value
      : undefined,
  otherwise: `a parameter is not a text of at most ${MAX_TEXT} characters`,
};

/** Adds the first parameter to a list; the second one is the reason, and optional. */
function setting(list: RuleList, parameter: Parameter) {
  return ([first, second]: readonly unknown[]): Asked => {
    const value = parameter.read(first);
    if (value === undefined) return { error: parameter.otherwise };
    const reason = TEXT.read(second ?? "");
    return reason === undefined ? { error: TEXT.otherwise } : { list, value, reason };
  };
}

/** Removes the first parameter from a list. */
function lifting(list: RuleList, parameter: Parameter) {
  return ([first]: readonly unknown[]): Asked => {
    const value = parameter.read(first);
    return value === undefined
      ? { error: parameter.otherwise }
      : { list, value, reason: undefined };
  };
}

/** Overrides a field of the relay information document. An empty text restores the setting. */
function renaming(value: "name" | "description" | "icon") {
  return ([first]: readonly unknown[]): Asked => {
    const text = TEXT.read(first);
    if (text === undefined) return { error: TEXT.otherwise };
    return { list: "information", value, reason: text === "" ? undefined : text };
  };
}
