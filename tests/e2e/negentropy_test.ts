/**
 * Reconciliation with the client of NDK, on the real program.
 *
 * @see NIP-77
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { Negentropy, NegentropyStorage } from "@nostr-dev-kit/sync";
import { equal } from "node:assert/strict";
import { kindClass } from "../../src/nostr/kind.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { onDatabases } from "./databases.ts";

/** Reconciles what matches with `own`; gives what each side lacks, and how many messages it took. */
async function reconciled(
  url: string,
  filter: object,
  own: readonly { readonly id: string; readonly created_at: number }[],
) {
  const storage = new NegentropyStorage();
  for (const { id, created_at } of own) storage.insert(created_at, id);
  storage.seal();
  // A small limit, so that it takes several messages.
  const engine = new Negentropy(storage, 5_000);
  const have = new Set<string>();
  const need = new Set<string>();
  const first = await engine.initiate();
  const socket = new WebSocket(url);
  const done = Promise.withResolvers<void>();
  let messages = 0;
  socket.onopen = () => socket.send(JSON.stringify(["NEG-OPEN", "n", filter, first.toHex()]));
  const hear = async (data: string) => {
    const [verb, , text] = JSON.parse(data);
    if (verb === "AUTH") return;
    if (verb !== "NEG-MSG") return done.reject(new Error(data));
    if (++messages > 500) throw new Error("it does not end");
    const learnt = await engine.reconcile(Uint8Array.fromHex(text));
    for (const id of learnt.have) have.add(id.toHex());
    for (const id of learnt.need) need.add(id.toHex());
    const { nextMessage } = learnt;
    // One that holds no range says that all is known.
    if (nextMessage === undefined || nextMessage.length <= 1) done.resolve();
    else socket.send(JSON.stringify(["NEG-MSG", "n", nextMessage.toHex()]));
  };
  socket.onmessage = ({ data }) => void hear(data).catch(done.reject);
  await done.promise;
  socket.send('["NEG-CLOSE","n"]');
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  return { have: [...have].sort(), need: [...need].sort(), messages };
}

onDatabases(["memory:", "managed:"], (name, fresh) => {
  Deno.test(`NEG-04 NEG-20 NDK finds out what differs on ${name}`, async () => {
    await using database = await fresh();
    await using program = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(program.url);
    const random = new SeededRandom(9);
    // Of these, nothing replaces or deletes anything, and nothing is private.
    const all = new Map(
      generateEvents(random, 900, { signed: true }).map((event) => [event.id, event]),
    );
    const events = [...all.values()].filter(({ kind }) =>
      kindClass(kind) === "regular" && ![4, 5, 1059].includes(kind)
    );
    const answers = await client.publishAll(events);
    ok(answers.every((answer) => answer!.accepted));
    const absent = events.filter((_, at) => at % 20 === 0);
    const own = events.filter((_, at) => at % 20 !== 0);
    const strange = Array.from({ length: 30 }, (_, at) => ({
      id: at.toString(16).padStart(64, "5"),
      created_at: random.pick(events).created_at,
    }));
    const found = await reconciled(program.url, {}, [...own, ...strange]);
    deepEqual(found.have, strange.map(({ id }) => id).sort());
    deepEqual(found.need, absent.map(({ id }) => id).sort());
    ok(found.messages > 1);

    const notes = await reconciled(
      program.url,
      { kinds: [1] },
      own.filter(({ kind }) => kind === 1),
    );
    deepEqual(notes.need, absent.filter(({ kind }) => kind === 1).map(({ id }) => id).sort());
    const same = await reconciled(program.url, {}, events);
    deepEqual([same.have, same.need, same.messages], [[], [], 1]);
    await client.close();
    equal(await program.stop(), 0);
  });
});
