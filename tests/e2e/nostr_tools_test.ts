/**
 * nostr-tools as the client: the library most web clients are written with.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { Relay } from "nostr-tools/relay";
import { startRelay } from "../kit/running_relay.ts";
import { onDatabases } from "./databases.ts";

onDatabases(["memory:", "managed:"], (name, fresh) => {
  Deno.test(`nostr-tools publishes, queries and listens on ${name}`, async () => {
    await using database = await fresh();
    await using program = await startRelay({ database: database.url });
    const writer = await Relay.connect(program.url);
    const reader = await Relay.connect(program.url);
    const secret = generateSecretKey();
    const note = (content: string, created_at: number) =>
      finalizeEvent({ kind: 1, created_at, tags: [["t", "dinosaur"]], content }, secret);

    const first = note("stored before", 1_700_000_000);
    await writer.publish(first);
    await rejects(writer.publish({ ...first, content: "forged" }), /invalid: /);

    const heard: string[] = [];
    const eose = Promise.withResolvers<void>();
    const live = Promise.withResolvers<void>();
    const subscription = reader.subscribe(
      [{ authors: [getPublicKey(secret)], "#t": ["dinosaur"] }],
      {
        onevent: ({ content }) => {
          heard.push(content);
          if (content === "live") live.resolve();
        },
        oneose: () => eose.resolve(),
      },
    );
    await eose.promise;
    deepEqual(heard, ["stored before"]);
    await writer.publish(note("live", 1_700_000_001));
    await live.promise;
    deepEqual(heard, ["stored before", "live"]);
    subscription.close();

    ok(writer.connected);
    writer.close();
    reader.close();
    equal(await program.stop(), 0);
  });
});
