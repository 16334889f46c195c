/**
 * Asks the relay's policies in order and combines their decisions.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Deadline, Deadlines } from "../../base/deadlines.ts";
import type { Log } from "../../base/log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type Prefix, type Reason, reason } from "../../nostr/reason.ts";
import { isVisible, type Reader } from "../../nostr/visibility.ts";
import { Outage } from "../outage.ts";
import type { Client } from "./client.ts";
import type {
  Awaitable,
  EventDecision,
  Inquiry,
  Policy,
  PolicyInformation,
  RequestDecision,
  Submission,
} from "./policy.ts";

/** Options of {@link Access}. */
export interface AccessOptions {
  readonly policies: readonly Policy[];
  /** Kinds that are served only to their author and to those whom a `p` tag names. Default: none. */
  readonly privateKinds?: ReadonlySet<number>;
  readonly clock: Clock;
  readonly log: Log;
  /** Time limit of one policy decision, milliseconds. */
  readonly policyTimeoutMs: number;
}

/** One hook of one policy. */
type Hook<I, D> = (input: I) => Awaitable<D>;

/** How often a policy has refused, by the prefix of the reason. */
export type Refusals = Partial<Record<Prefix, number>>;

/** Where a policy's failures and refusals are noted, and its time limit. */
interface Guard {
  readonly outage: Outage;
  readonly refusals: Refusals;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
}

/** The hooks of all policies, each list in the order of the policies. */
class Hooks {
  readonly connect: Hook<Client, Reason | undefined>[] = [];
  readonly screen: ((submission: Submission) => Reason | undefined)[] = [];
  readonly repeat: ((submission: Submission) => Reason | undefined)[] = [];
  readonly event: Hook<Submission, EventDecision>[] = [];
  readonly unstored: ((submission: Submission) => void)[] = [];
  readonly request: Hook<Inquiry, RequestDecision>[] = [];
  readonly authenticate: ((key: string, client: Client) => Reason | undefined)[] = [];
  readonly deliver: ((event: NostrEvent, client: Client) => boolean)[] = [];
}

const UNDECIDED: Reason = reason("error", "a policy failed, try again later");

/** Runs the policies' hooks. Returns a promise only where a hook does. */
export class Access {
  readonly #options: AccessOptions;
  #privateKinds: ReadonlySet<number>;
  #policyTimeoutMs: number;
  /** The failures of each policy, which outlast the replacement of others. */
  #outages = new Map<Policy, Outage>();
  #policies: readonly Policy[] = [];
  /** By the name of the policy; those that were replaced keep theirs. */
  readonly #refusals = new Map<string, Refusals>();
  #hooks = new Hooks();

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#privateKinds = options.privateKinds ?? new Set();
    this.#policyTimeoutMs = options.policyTimeoutMs;
    this.replace(options.policies);
  }

  get policies(): readonly Policy[] {
    return this.#policies;
  }

  /**
   * Replaces the policies, and with them what else is given. Decisions that are pending are made by
   * the old ones.
   */
  replace(
    policies: readonly Policy[],
    changes: Partial<Pick<AccessOptions, "privateKinds" | "policyTimeoutMs">> = {},
  ): void {
    const { clock, log } = this.#options;
    this.#privateKinds = changes.privateKinds ?? this.#privateKinds;
    this.#policyTimeoutMs = changes.policyTimeoutMs ?? this.#policyTimeoutMs;
    const outages = new Map<Policy, Outage>();
    const hooks = new Hooks();
    for (const policy of policies) {
      const outage = this.#outages.get(policy) ??
        new Outage(`the policy "${policy.name}"`, log, clock);
      outages.set(policy, outage);
      const { connect, screen, repeat, event, unstored, request, authenticate, deliver } = policy;
      const refusals = this.#refusalsOf(policy.name);
      const timeoutMs = policy.timeoutMs ?? this.#policyTimeoutMs;
      const deadlines = new Deadlines(clock, timeoutMs);
      const guard = { outage, refusals, timeoutMs, deadlines };
      const judged = (judge: () => Reason | undefined) =>
        counted(refusals, attempt(outage, UNDECIDED, judge));
      if (connect) hooks.connect.push(this.#guarded(guard, connect));
      if (event) hooks.event.push(this.#guarded(guard, event));
      if (request) hooks.request.push(this.#guarded(guard, request));
      if (screen) hooks.screen.push((submission) => judged(() => screen(submission)));
      if (repeat) hooks.repeat.push((submission) => judged(() => repeat(submission)));
      if (unstored) {
        hooks.unstored.push((submission) => attempt(outage, undefined, () => unstored(submission)));
      }
      if (authenticate) {
        hooks.authenticate.push((...claim) => judged(() => authenticate(...claim)));
      }
      if (deliver) {
        hooks.deliver.push((...sent) => attempt(outage, false, () => deliver(...sent)));
      }
    }
    this.#policies = policies;
    this.#hooks = hooks;
    this.#outages = outages;
  }

  /** How often each policy has refused, by its name. */
  get refusals(): ReadonlyMap<string, Readonly<Refusals>> {
    return this.#refusals;
  }

  #refusalsOf(name: string): Refusals {
    const known = this.#refusals.get(name) ?? {};
    this.#refusals.set(name, known);
    return known;
  }

  /** What the policies add to the relay information document. */
  get information(): PolicyInformation {
    const all = this.#policies.map(({ information = {} }) => information);
    const bits = Math.max(0, ...all.map(({ minPowDifficulty = 0 }) => minPowDifficulty));
    return {
      supportedNips: all.flatMap(({ supportedNips = [] }) => supportedNips),
      ...bits > 0 && { minPowDifficulty: bits },
      ...all.some(({ authRequired }) => authRequired) && { authRequired: true },
      ...all.some(({ restrictedWrites }) => restrictedWrites) && { restrictedWrites: true },
    };
  }

  /** The refusal of a connection, if any. */
  connect(client: Client): Awaitable<Reason | undefined> {
    return firstDecision(this.#hooks.connect, client);
  }

  /** The refusal of an event before its signature check, if any. */
  screen(submission: Submission): Reason | undefined {
    return firstRefusal(this.#hooks.screen, submission);
  }

  /** The refusal of an event that is stored already, if any. */
  repeat(submission: Submission): Reason | undefined {
    return firstRefusal(this.#hooks.repeat, submission);
  }

  /** Tells of an event that was asked about and was not stored or forwarded for the first time. */
  unstored(submission: Submission): void {
    for (const unstored of this.#hooks.unstored) unstored(submission);
  }

  /** The refusal of an AUTH before its signature check, if any. */
  authenticate(key: string, client: Client): Reason | undefined {
    return firstRefusal(this.#hooks.authenticate, key, client);
  }

  /** The decision on an event with a valid signature. */
  event(submission: Submission): Awaitable<EventDecision> {
    return firstDecision(this.#hooks.event, submission);
  }

  /** The filters to run, which policies may have narrowed, or the refusal of the request. */
  request(inquiry: Inquiry): Awaitable<Reason | readonly ReqFilter[]> {
    return narrowed(this.#hooks.request, inquiry);
  }

  /** The client's view of the store: its keys and the private kinds. */
  readerOf({ keys }: Client): Reader {
    return { privateKinds: this.#privateKinds, keys };
  }

  /** Whether a client may be sent an event. */
  mayReceive(event: NostrEvent, client: Client): boolean {
    return (!this.#privateKinds.has(event.kind) || isVisible(event, this.readerOf(client))) &&
      this.#hooks.deliver.every((deliver) => deliver(event, client));
  }

  /** Whether stored events have to be parsed and checked before they are sent. */
  get checksDeliveries(): boolean {
    return this.#hooks.deliver.length > 0;
  }

  /** Wraps a hook: when it throws or exceeds its time limit, it decides `error:`. */
  #guarded<I, D>(guard: Guard, hook: Hook<I, D>): Hook<I, D | Reason> {
    return (input) => {
      const decision = attempt<Awaitable<D | Reason>>(guard.outage, UNDECIDED, () => hook(input));
      return decision instanceof Promise
        ? this.#bounded(guard, decision).then((decided) => counted(guard.refusals, decided))
        : counted(guard.refusals, decision);
    };
  }

  async #bounded<D>(
    { outage, timeoutMs, deadlines }: Guard,
    decision: Promise<D>,
  ): Promise<D | Reason> {
    let deadline: Deadline | undefined;
    try {
      const decided = await new Promise<D>((resolve, reject) => {
        deadline = deadlines.set(() => reject(new Error(`no decision within ${timeoutMs} ms`)));
        decision.then(resolve, reject);
      });
      outage.worked();
      return decided;
    } catch (error) {
      outage.failed(error);
      return UNDECIDED;
    } finally {
      deadline?.cancel();
    }
  }
}

/** The decision, which is counted if it refuses. */
function counted<D>(refusals: Refusals, decision: D): D {
  if (typeof decision === "object" && decision !== null && "prefix" in decision) {
    const prefix = decision.prefix as Prefix;
    refusals[prefix] = (refusals[prefix] ?? 0) + 1;
  }
  return decision;
}

/** Returns what `work` returns, or `otherwise` when it throws. */
function attempt<T>(outage: Outage, otherwise: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    outage.failed(error);
    return otherwise;
  }
}

/** The first refusal of hooks that do not wait. */
function firstRefusal<Input extends readonly unknown[]>(
  hooks: readonly ((...input: Input) => Reason | undefined)[],
  ...input: Input
): Reason | undefined {
  for (const hook of hooks) {
    const refusal = hook(...input);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The first decision that is not undefined. Returns a promise only where a hook does. */
function firstDecision<I, D>(
  hooks: readonly Hook<I, D | undefined>[],
  input: I,
  from = 0,
): Awaitable<D | undefined> {
  for (let at = from; at < hooks.length; at++) {
    const decision = hooks[at]!(input);
    if (decision instanceof Promise) {
      return decision.then((decided) => decided ?? firstDecision(hooks, input, at + 1));
    }
    if (decision !== undefined) return decision;
  }
  return undefined;
}

/** Each hook gets the filters that the ones before it have left. */
function narrowed(
  hooks: readonly Hook<Inquiry, RequestDecision>[],
  inquiry: Inquiry,
  from = 0,
): Awaitable<Reason | readonly ReqFilter[]> {
  let asked = inquiry;
  for (let at = from; at < hooks.length; at++) {
    const decision = hooks[at]!(asked);
    if (decision instanceof Promise) {
      return decision.then((decided) =>
        decided !== undefined && "prefix" in decided
          ? decided
          : narrowed(hooks, decided === undefined ? asked : { ...asked, filters: decided }, at + 1)
      );
    }
    if (decision === undefined) continue;
    if ("prefix" in decision) return decision;
    asked = { ...asked, filters: decision };
  }
  return asked.filters;
}
