/**
 * The operator's rules on keys, events, kinds and addresses, and the policy that enforces them.
 *
 * @see NIP-86
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Rule, RuleChange, RuleList } from "../../store/event_store.ts";
import type { Policy } from "./policy.ts";

/** The rules in force. Policies read it at each decision, so a change takes effect at once. */
export class RuleBook {
  readonly #lists = new Map<RuleList, Map<string, string>>();
  #version = 0;

  constructor(rules: Iterable<Rule> = []) {
    for (const rule of rules) this.set(rule);
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  has(list: RuleList, value: string): boolean {
    return this.#lists.get(list)?.has(value) ?? false;
  }

  /** How many rules a list has. */
  count(list: RuleList): number {
    return this.#lists.get(list)?.size ?? 0;
  }

  /** Undefined when the list has no such value. */
  reasonOf(list: RuleList, value: string): string | undefined {
    return this.#lists.get(list)?.get(value);
  }

  /** In the order in which they were added. */
  *of(list: RuleList): Generator<Rule, undefined> {
    for (const [value, reason] of this.#lists.get(list) ?? []) yield { list, value, reason };
  }

  set({ list, value, reason }: Rule): void {
    this.#version++;
    const values = this.#lists.get(list);
    if (values === undefined) this.#lists.set(list, new Map([[value, reason]]));
    else values.set(value, reason);
  }

  delete(list: RuleList, value: string): void {
    this.#version++;
    this.#lists.get(list)?.delete(value);
  }

  change(changes: readonly RuleChange[]): void {
    for (const { list, value, reason } of changes) {
      if (reason === undefined) this.delete(list, value);
      else this.set({ list, value, reason });
    }
  }

  /** Replaces all rules. */
  replace(rules: Iterable<Rule>): void {
    this.#version++;
    this.#lists.clear();
    for (const rule of rules) this.set(rule);
  }
}

/**
 * Refuses banned keys, events and kinds, and blocked addresses. Requests to vanish are exempt, as
 * NIP-62 requires: a banned author may still have their events deleted.
 */
export function rulesPolicy(rules: RuleBook): Policy {
  return {
    name: "operator's rules",
    connect: ({ address }) =>
      rules.has("blocked-ip", address) ? reason("blocked", "this address is blocked") : undefined,
    screen: ({ event }) => event.kind === VANISH_REQUEST ? undefined : refusalOf(event, rules),
  };
}

function refusalOf({ id, pubkey, kind }: NostrEvent, rules: RuleBook): Reason | undefined {
  if (rules.has("banned-key", pubkey)) return reason("blocked", "this key is banned");
  if (rules.has("banned-event", id)) return reason("blocked", "this event is banned");
  const isAllowed = rules.count("allowed-kind") === 0 || rules.has("allowed-kind", `${kind}`);
  return !isAllowed || rules.has("banned-kind", `${kind}`)
    ? reason("blocked", `events of kind ${kind} are not accepted here`)
    : undefined;
}
