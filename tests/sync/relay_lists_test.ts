import { deepEqual, equal } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { RelayLists } from "../../src/sync/relay_lists.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const random = new SeededRandom(10_002);
const [alice, bob] = [new SchnorrSigner(random), new SchnorrSigner(random)];
const { signal } = new AbortController();

function listOf(author: SchnorrSigner, host: string): NostrEvent {
  const tags = [["r", `wss://${host}.example`]] as const;
  return author.sign({ created_at: 1_700_000_000, kind: 10_002, tags, content: "" });
}

Deno.test("a list is read once, and again when there is a new one or a minute has passed", async () => {
  const clock = new FakeClock();
  const stored = new Map([[alice.pubkey, listOf(alice, "old")]]);
  const asked: string[][] = [];
  let announce: (event: NostrEvent) => void = () => {};
  const lists = new RelayLists({
    clock,
    maxRelays: 4,
    async *query({ authors }: ReqFilter) {
      asked.push([...authors!]);
      yield [...authors!].map((key) => stored.get(key)).filter((event) => event !== undefined);
    },
    listen: (_, onEvent) => {
      announce = onEvent;
      return () => {};
    },
  });
  const writesOf = async (author: SchnorrSigner) =>
    (await lists.of([author.pubkey, bob.pubkey], signal)).get(author.pubkey)!.write;

  deepEqual(await writesOf(alice), ["wss://old.example/"]);
  deepEqual(await writesOf(bob), []);
  equal(asked.length, 1, "that there is none is remembered, too");

  stored.set(alice.pubkey, listOf(alice, "new"));
  announce(stored.get(alice.pubkey)!);
  deepEqual(await writesOf(alice), ["wss://new.example/"]);
  deepEqual(asked[1], [alice.pubkey]);

  stored.delete(alice.pubkey);
  clock.advance(60_000);
  deepEqual(await writesOf(alice), []);
  lists.close();
});
