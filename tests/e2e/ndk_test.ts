/**
 * NDK as the client: the library with a cache, a pool and opinions.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import NDK, { NDKEvent, NDKPrivateKeySigner } from "@nostr-dev-kit/ndk";
import { startRelay } from "../kit/running_relay.ts";
import { onDatabases } from "./databases.ts";

onDatabases(["memory:", "managed:"], (name, fresh) => {
  Deno.test({
    name: `NDK publishes, queries and listens on ${name}`,
    // NDK keeps timers of its pool that it has no way to end.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using database = await fresh();
      await using program = await startRelay({
        database: database.url,
        // NDK adds a slash to the URL that it is given.
        settings: ["network.path=/nostr"],
      });
      const signer = NDKPrivateKeySigner.generate();
      const ndk = new NDK({ explicitRelayUrls: [program.url], signer, enableOutboxModel: false });
      await ndk.connect(5_000);

      const publish = async (content: string, created_at: number) => {
        const event = new NDKEvent(ndk, { kind: 1, created_at, content, tags: [], pubkey: "" });
        equal((await event.publish()).size, 1);
      };
      await publish("stored", 1_700_000_000);
      const found = await ndk.fetchEvents({ kinds: [1], authors: [signer.pubkey] });
      deepEqual([...found].map(({ content }) => content), ["stored"]);

      const live = Promise.withResolvers<string>();
      const ready = Promise.withResolvers<void>();
      const subscription = ndk.subscribe({ kinds: [7] }, { closeOnEose: false });
      subscription.on("event", (event: NDKEvent) => live.resolve(event.content));
      subscription.on("eose", () => ready.resolve());
      await ready.promise;
      const reaction = new NDKEvent(ndk, {
        kind: 7,
        created_at: 1_700_000_001,
        content: "+",
        tags: [["e", [...found][0]!.id]],
        pubkey: "",
      });
      await reaction.publish();
      equal(await live.promise, "+");
      subscription.stop();

      for (const relay of ndk.pool.relays.values()) relay.disconnect();
      equal(await program.stop(), 0);
    },
  });
});
