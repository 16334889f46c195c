import { deepEqual, equal, rejects } from "node:assert/strict";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import {
  type NewcomerContext,
  type NewcomerLimits,
  newcomers,
} from "../../../src/relay/access/newcomers.ts";
import type { Policy, Submission } from "../../../src/relay/access/policy.ts";
import type { CountOptions } from "../../../src/store/event_store.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { settle } from "../../kit/fake_relay.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";
import { submission } from "./submission.ts";

const WORK = "00".padEnd(64, "f");
const NO_WORK = "f".repeat(64);

const limits: NewcomerLimits = {
  events: 3,
  bits: 8,
  isCommitted: false,
  rate: undefined,
  lookupRate: { perSecond: 1, burst: 100 },
  maxKeys: 1_000,
  timeoutMs: 1_000,
};

/** A store that keeps count of the questions. */
class AskedStore {
  readonly inner = new MemoryStore();
  readonly asked: { readonly authors: readonly string[]; readonly maxRows: number }[] = [];
  fault: Error | undefined = undefined;

  count([filter]: readonly ReqFilter[], options: CountOptions) {
    this.asked.push({ authors: [...filter!.authors!], maxRows: options.maxRows });
    return this.fault ? Promise.reject(this.fault) : this.inner.count([filter!], options);
  }

  /** Stores so many notes of an author. */
  async give(pubkey: string, notes: number): Promise<void> {
    await this.inner.put(Array.from({ length: notes }, () => recordOf(someEvent({ pubkey }))));
  }
}

interface Bench {
  readonly store: AskedStore;
  readonly clock: FakeClock;
  /** The prefix of the refusal of an event, if any. */
  readonly publish: (
    event: Partial<NostrEvent>,
    rest?: Partial<Submission>,
  ) => Promise<string | undefined>;
  readonly policy: Policy;
}

function bench(
  over: Partial<NewcomerLimits> = {},
  context: Partial<NewcomerContext> = {},
): Bench {
  const [store, clock] = [new AskedStore(), new FakeClock()];
  const policy = newcomers({ ...limits, ...over }, {
    ...{ store, clock },
    isExempt: () => false,
    ...context,
  });
  const { client } = from("192.0.2.1");
  const publish: Bench["publish"] = async (event, rest = {}) => {
    const asked = submission({ id: NO_WORK, ...event }, { client, ...rest });
    const decision = await policy.event!(asked);
    return typeof decision === "object" ? decision.prefix : decision;
  };
  return { store, clock, publish, policy };
}

/** Limited, but for the loopback address. */
const from = (address: string) => ({
  client: new ConnectedClient(address, {}, address === "127.0.0.1" ? undefined : address),
});

Deno.test("a new key has to show work until so many of its events are stored", async () => {
  const { store, publish } = bench();
  const pubkey = newKey();
  equal(await publish({ pubkey }), "pow");
  equal(await publish({ pubkey, id: WORK }), undefined);
  equal(await publish({ pubkey, id: WORK, tags: [["nonce", "1", "4"]] }), "pow");
  const old = newKey();
  await store.give(old, 3);
  equal(await publish({ pubkey: old }), undefined);
});

Deno.test("the store is asked once for a key, for no more events than count", async () => {
  const { store, publish } = bench({ rate: { perSecond: 1, burst: 1_000 } });
  const [old, fresh] = [newKey(), newKey()];
  await store.give(old, 50);
  for (let round = 0; round < 20; round++) {
    for (const pubkey of [old, fresh]) await publish({ pubkey });
  }
  deepEqual(store.asked, [old, fresh].map((key) => ({ authors: [key], maxRows: 3 })));
});

Deno.test("events of one key that come together wait for one answer", async () => {
  const { store, publish } = bench();
  const pubkey = newKey();
  await store.give(pubkey, 3);
  const together = await Promise.all(Array.from({ length: 10 }, () => publish({ pubkey })));
  deepEqual(new Set(together), new Set([undefined]));
  equal(store.asked.length, 1);
});

Deno.test("where work is all that counts, the store is not asked about events that show it", async () => {
  const { store, publish } = bench();
  for (let round = 0; round < 10; round++) await publish({ pubkey: newKey(), id: WORK });
  equal(store.asked.length, 0);
});

Deno.test("a newcomer becomes established here, and the store is asked when that may be so", async () => {
  const { store, publish } = bench({ bits: 0, rate: { perSecond: 0.001, burst: 4 } });
  const pubkey = newKey();
  for (let at = 0; at < 3; at++) {
    equal(await publish({ pubkey }), undefined);
    await store.give(pubkey, 1);
  }
  equal(store.asked.length, 1);
  for (let at = 0; at < 50; at++) equal(await publish({ pubkey }), undefined);
  equal(store.asked.length, 2);
});

Deno.test("who has shown work often enough need not show it any more", async () => {
  const { store, publish } = bench();
  const pubkey = newKey();
  equal(await publish({ pubkey }), "pow");
  for (let at = 0; at < 3; at++) {
    equal(await publish({ pubkey, id: WORK }), undefined);
    await store.give(pubkey, 1);
  }
  equal(await publish({ pubkey }), undefined);
});

Deno.test("what other instances store makes a key established in the end", async () => {
  const { store, clock, publish } = bench();
  const pubkey = newKey();
  equal(await publish({ pubkey }), "pow");
  await store.give(pubkey, 3);
  clock.advance(599_000);
  equal(await publish({ pubkey }), "pow");
  clock.advance(1_000);
  equal(await publish({ pubkey }), undefined);
});

Deno.test("however many keys a client makes up, they share one rate; another client has its own", async () => {
  const { store, clock, publish } = bench({ bits: 0, rate: { perSecond: 0.5, burst: 2 } });
  const wave = async (rest?: Partial<Submission>) => [
    await publish({ pubkey: newKey() }, rest),
    await publish({ pubkey: newKey() }, rest),
    await publish({ pubkey: newKey() }, rest),
  ];
  deepEqual(await wave(), [undefined, undefined, "rate-limited"]);
  deepEqual(await wave(from("192.0.2.2")), [undefined, undefined, "rate-limited"]);
  deepEqual(await wave(from("127.0.0.1")), [undefined, undefined, undefined]);
  const old = newKey();
  await store.give(old, 3);
  equal(await publish({ pubkey: old }), undefined);
  clock.advance(2_000);
  deepEqual(await wave(), [undefined, "rate-limited", "rate-limited"]);
});

Deno.test("an event without the work takes nothing of the rate", async () => {
  const { publish } = bench({ rate: { perSecond: 0.5, burst: 1 } });
  for (let at = 0; at < 5; at++) equal(await publish({ pubkey: newKey() }), "pow");
  equal(await publish({ pubkey: newKey(), id: WORK }), undefined);
  equal(await publish({ pubkey: newKey(), id: WORK }), "rate-limited");
});

Deno.test("a client has the store asked for so many keys, and known ones are taken all the same", async () => {
  const { store, clock, publish } = bench({ lookupRate: { perSecond: 1, burst: 2 } });
  const [old, other] = [newKey(), newKey()];
  for (const key of [old, other]) await store.give(key, 3);
  equal(await publish({ pubkey: old }), undefined);
  equal(await publish({ pubkey: newKey() }), "pow");
  equal(await publish({ pubkey: newKey() }), "rate-limited");
  equal(await publish({ pubkey: other }), "rate-limited");
  equal(await publish({ pubkey: old }), undefined);
  equal(store.asked.length, 2);
  clock.advance(1_000);
  equal(await publish({ pubkey: other }), undefined);
});

Deno.test("a wave of new keys displaces no established one", async () => {
  const { store, publish } = bench({ maxKeys: 100, lookupRate: { perSecond: 1, burst: 10_000 } });
  const old = newKey();
  await store.give(old, 3);
  await publish({ pubkey: old });
  for (let at = 0; at < 500; at++) await publish({ pubkey: newKey() });
  const asked = store.asked.length;
  equal(await publish({ pubkey: old }), undefined);
  equal(store.asked.length, asked);
});

Deno.test("members, gift wraps, ephemeral events, requests to vanish and imports are exempt", async () => {
  const member = newKey();
  const { store, publish } = bench({}, { isExempt: (key) => key === member });
  const pubkey = newKey();
  equal(await publish({ pubkey: member }), undefined);
  for (const kind of [62, 1_059, 21_059, 24_133]) {
    equal(await publish({ pubkey, kind }), undefined, `kind ${kind}`);
  }
  for (const origin of ["import", "sync", "relay"] as const) {
    equal(await publish({ pubkey }, { origin }), undefined, origin);
  }
  equal(store.asked.length, 0);
  equal(await publish({ pubkey, kind: 5 }), "pow");
});

Deno.test("when the store fails nothing is decided, and the next event asks again", async () => {
  const { store, publish } = bench();
  const pubkey = newKey();
  await store.give(pubkey, 3);
  store.fault = new Error("away");
  await rejects(publish({ pubkey }), /away/);
  store.fault = undefined;
  equal(await publish({ pubkey }), undefined);
  await settle();
});

Deno.test("NIP-11 says that writing is restricted where newcomers need work", () => {
  deepEqual(bench().policy.information, { supportedNips: [13], restrictedWrites: true });
  equal(bench({ bits: 0, rate: { perSecond: 1, burst: 1 } }).policy.information, undefined);
});
