import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ItemSetBuilder } from "../../src/nostr/negentropy/item_set.ts";
import { answerMessage } from "../../src/nostr/negentropy/reconcile.ts";
import { sha256 } from "../../src/app/system/sha256.ts";
import { differences, type LocalEvents } from "../../src/sync/difference.ts";
import { RemoteRefusal } from "../../src/sync/remote_refusal.ts";
import type { RemoteRelay } from "../../src/sync/remote_relay.ts";
import type { TimeRange } from "../../src/sync/time_range.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

interface Item {
  readonly id: string;
  readonly createdAt: number;
}

const random = new SeededRandom(61);

function items(count: number, perSecond: number): readonly Item[] {
  return Array.from({ length: count }, (_, at) => ({
    id: random.bytes(32).toHex(),
    createdAt: 1_700_000_000 + Math.floor(at / perSecond),
  }));
}

function within(all: readonly Item[], { since, until }: TimeRange): readonly Item[] {
  return all.filter(({ createdAt }) => createdAt >= since && createdAt <= until)
    .sort((one, other) => other.createdAt - one.createdAt || (one.id < other.id ? -1 : 1));
}

function localOf(all: readonly Item[], asked: TimeRange[] = []): LocalEvents {
  return {
    async *identify(range) {
      asked.push(range);
      const rows = within(all, range);
      for (let start = 0; start < rows.length; start += 5_000) {
        yield rows.slice(start, start + 5_000);
      }
    },
  };
}

/** Reconciles as a relay does; refuses more than `most`. */
function remoteOf(
  all: readonly Item[],
  most: number,
  refusal = new RemoteRefusal("blocked: this query is too big", "refused", most),
): Pick<RemoteRelay, "reconcile"> {
  return {
    reconcile(filter, first, next) {
      const { since = 0, until = Infinity } = filter as Partial<TimeRange>;
      const own = within(all, { since, until });
      if (own.length > most) return Promise.reject(refusal);
      const builder = new ItemSetBuilder();
      for (const { createdAt, id } of own) builder.add(createdAt, id);
      const set = builder.build();
      for (let message: Uint8Array | undefined = first; message !== undefined;) {
        const answer = answerMessage(set, message, { sha256, maxMessageBytes: 60_000 });
        ok("message" in answer);
        message = next(answer.message);
      }
      return Promise.resolve();
    },
  };
}

async function compared(local: LocalEvents, remote: Pick<RemoteRelay, "reconcile">) {
  const { signal } = new AbortController();
  const [have, need] = [new Set<string>(), new Set<string>()];
  const range = { since: 0, until: 2 ** 33 };
  const options = { local, remote, filter: {}, range, sha256, signal, maxMessageBytes: 4_096 };
  for await (const found of differences(options)) {
    for (const id of found.have) have.add(id);
    for (const id of found.need) need.add(id);
  }
  return { have, need };
}

for (
  const refusal of [
    undefined,
    new RemoteRefusal("blocked: too many query results", "refused"),
  ]
) {
  Deno.test(`what the other relay finds too big${refusal ? ", in words alone," : ""} is split`, async () => {
    const all = items(900, 3);
    const here = all.filter((_, at) => at % 10 !== 0);
    const there = all.filter((_, at) => at % 7 !== 0);
    const { have, need } = await compared(localOf(here), remoteOf(there, 100, refusal));
    const idsOf = (one: readonly Item[], other: readonly Item[]) =>
      new Set(one.filter((item) => !other.includes(item)).map(({ id }) => id));
    deepEqual([have, need], [idsOf(here, there), idsOf(there, here)]);
  });
}

Deno.test("more than half a million events here are compared in parts that fit", async () => {
  const here = items(520_000, 100);
  const asked: TimeRange[] = [];
  const { have, need } = await compared(localOf(here, asked), remoteOf(here.slice(1), Infinity));
  deepEqual([have, need], [new Set([here[0]!.id]), new Set()]);
  // All, the newest half million, the rest.
  equal(asked.length, 3);
});

Deno.test("a second that is too big for the other relay ends the comparison", async () => {
  const there = items(200, 200);
  await rejects(compared(localOf([]), remoteOf(there, 100)), {
    name: "RemoteRefusal",
    message: "second 1700000000 has more events than can be compared",
  });
});

Deno.test("another refusal is no reason to split", async () => {
  const refusal = new RemoteRefusal("rate-limited: too many REQs", "refused");
  await rejects(compared(localOf([]), remoteOf(items(3, 1), 0, refusal)), refusal);
});
