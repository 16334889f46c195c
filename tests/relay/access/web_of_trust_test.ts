import { deepEqual, equal, match } from "node:assert/strict";
import { reasonText } from "../../../src/nostr/reason.ts";
import {
  storedFollowLists,
  trustedKeys,
  webOfTrust,
} from "../../../src/relay/access/web_of_trust.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { recordOf, someEvent } from "../../kit/records.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

const seed = drawSeed();

/** Whom each follows. */
type Graph = ReadonlyMap<string, readonly string[]>;

function randomGraph(random: SeededRandom): Graph {
  const people = Array.from({ length: 60 }, () => random.bytes(32).toHex());
  return new Map(people.map((one) => [one, random.sample(people, random.int(4))]));
}

/** Each hop adds whom those so far follow. */
function oracle(graph: Graph, roots: readonly string[], hops: number): string[] {
  let near = new Set(roots);
  for (let hop = 0; hop < hops; hop++) {
    near = new Set([...near, ...[...near].flatMap((key) => graph.get(key) ?? [])]);
  }
  return [...near].sort();
}

async function storeOf(graph: Graph): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.put(
    [...graph].map(([pubkey, follows]) =>
      recordOf(
        someEvent({
          pubkey,
          kind: 3,
          tags: [["p"], ["p", "no key"], ...follows.map((f) => ["p", f])],
        }),
      )
    ),
  );
  return store;
}

function listsIn(store: MemoryStore) {
  const { signal } = new AbortController();
  return storedFollowLists(store, { pause: () => Promise.resolve(), signal });
}

Deno.test(`who is within the hops is found, and nobody else (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const graph = randomGraph(random);
    const roots = random.sample([...graph.keys()], 2);
    const maxHops = random.between(1, 3);
    const found = await trustedKeys(
      { roots, maxHops, maxKeys: Infinity },
      listsIn(await storeOf(graph)),
    );
    deepEqual([...found].sort(), oracle(graph, roots, maxHops), `seed ${seed}, round ${round}`);
  }
});

Deno.test("of too many the nearest are trusted", async () => {
  const graph: Graph = new Map([["a".repeat(64), ["b".repeat(64)]], ["b".repeat(64), [
    "c".repeat(64),
  ]]]);
  const options = { roots: ["a".repeat(64)], maxHops: 2, maxKeys: 2 };
  const found = await trustedKeys(options, listsIn(await storeOf(graph)));
  deepEqual([...found], ["a".repeat(64), "b".repeat(64)]);
});

const FRIEND = "f".repeat(64);
const isTrusted = (key: string) => key === FRIEND;
const at = { jsonBytes: 100, nowMs: 0, origin: "socket" } as const;

function verdict(
  fields: Parameters<typeof someEvent>[0],
  bits?: number,
  known = isTrusted,
): string {
  const policy = webOfTrust({ isTrusted: known, bits });
  const refusal = policy.screen?.({ ...at, event: someEvent(fields) });
  return refusal === undefined ? "taken" : reasonText(refusal);
}

Deno.test("strangers are refused, friends are not, and a gift wrap counts by whom it is for", () => {
  equal(verdict({ pubkey: FRIEND }), "taken");
  match(verdict({}), /^restricted: /);
  equal(verdict({ kind: 1059, tags: [["p", FRIEND]] }), "taken");
  match(verdict({ kind: 1059, pubkey: FRIEND, tags: [["p", "a".repeat(64)]] }), /^restricted: /);
  equal(verdict({ kind: 62 }), "taken");
});

Deno.test("a stranger's event with enough work is taken where work is asked for", () => {
  match(verdict({ id: "7".repeat(64) }, 8), /^pow: difficulty 1 is less than 8/);
  equal(verdict({ id: "00".padEnd(64, "7") }, 8), "taken");
});

Deno.test("until the web is known nobody is a stranger", () => {
  equal(verdict({}, undefined, (() => undefined) as never), "taken");
});
