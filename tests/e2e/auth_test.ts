/**
 * AUTH, private and protected events, as the libraries speak them that clients are written with.
 *
 * @see NIP-17, NIP-42, NIP-59, NIP-70
 * @module
 */

import { deepEqual, equal, rejects } from "node:assert/strict";
import NDK, { NDKEvent, NDKPrivateKeySigner, NDKRelayAuthPolicies } from "@nostr-dev-kit/ndk";
import type { EventTemplate } from "nostr-tools/core";
import type { Filter } from "nostr-tools/filter";
import * as nip17 from "nostr-tools/nip17";
import { finalizeEvent, generateSecretKey, getPublicKey, type NostrEvent } from "nostr-tools/pure";
import { Relay } from "nostr-tools/relay";
import { startRelay } from "../kit/running_relay.ts";
import { onDatabases } from "./databases.ts";

/** What a subscription finds before EOSE, or the reason by which it was closed. */
function find(relay: Relay, filter: Filter): Promise<NostrEvent[]> {
  return new Promise((resolve, reject) => {
    const found: NostrEvent[] = [];
    const subscription = relay.subscribe([filter], {
      onevent: (event) => void found.push(event),
      oneose: () => {
        resolve(found);
        subscription.close();
      },
      onclose: (reason) => reject(new Error(reason)),
    });
  });
}

onDatabases(["memory:", "managed:"], (name, fresh) => {
  Deno.test({
    name: `nostr-tools authenticates on connect and on demand on ${name}`,
    // It keeps the timers of what was answered already.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using database = await fresh();
      await using program = await startRelay({
        database: database.url,
        settings: ["relay.url=wss://relay.example"],
      });
      const [alice, bob] = [generateSecretKey(), generateSecretKey()];
      const signer = (secret: Uint8Array) => (template: EventTemplate) => {
        // The relay is reached by another name here than by that of its settings.
        const tags = template.tags.map(([name, value]) =>
          name === "relay" ? ["relay", "wss://relay.example/"] : [name!, value!]
        );
        return Promise.resolve(finalizeEvent({ ...template, tags }, secret));
      };
      const writer = await Relay.connect(program.url);
      const wraps = nip17.wrapManyEvents(alice, [{ publicKey: getPublicKey(bob) }], "hello, Bob");
      for (const wrap of wraps) await writer.publish(wrap);

      // On demand: what was refused works after AUTH.
      const reader = await Relay.connect(program.url);
      await rejects(find(reader, { kinds: [1059] }), /auth-required: /);
      await reader.auth(signer(bob));
      const [wrap, ...others] = await find(reader, { kinds: [1059] });
      equal(others.length, 0);
      equal(nip17.unwrapEvent(wrap!, bob).content, "hello, Bob");

      // A stranger learns nothing, whatever is asked.
      deepEqual(await find(writer, { ids: [wrap!.id] }), []);
      deepEqual(await find(writer, { "#p": [getPublicKey(bob)] }), []);

      // On connect: the library answers the challenge by itself.
      const author = new Relay(program.url);
      author.onauth = signer(alice);
      await author.connect();
      const diary = finalizeEvent({
        kind: 1,
        created_at: 1_700_000_000,
        tags: [["-"]],
        content: "mine",
      }, alice);
      await rejects(writer.publish(diary), /auth-required: /);
      await author.auth(signer(alice));
      await author.publish(diary);
      await rejects(reader.publish({ ...diary }), /restricted: /);

      for (const relay of [writer, reader, author]) relay.close();
      equal(await program.stop(), 0);
    },
  });

  Deno.test({
    name: `NDK authenticates and gets its private events on ${name}`,
    // NDK keeps timers of its pool that it has no way to end.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using database = await fresh();
      await using program = await startRelay({ database: database.url });
      const signer = NDKPrivateKeySigner.generate();
      const ndk = new NDK({ explicitRelayUrls: [program.url], signer, enableOutboxModel: false });
      ndk.relayAuthDefaultPolicy = NDKRelayAuthPolicies.signIn({ ndk, signer });
      const authenticated = Promise.withResolvers<void>();
      ndk.pool.on("relay:authed", () => authenticated.resolve());
      await ndk.connect(5_000);
      // Of an OK that comes while NDK is still setting up, it tells nobody: not to be waited for forever.
      const longEnough = setTimeout(() => authenticated.resolve(), 3_000);
      await authenticated.promise;
      clearTimeout(longEnough);
      const letter = new NDKEvent(ndk, {
        kind: 4,
        created_at: 1_700_000_000,
        content: "?iv=",
        tags: [["p", signer.pubkey]],
        pubkey: "",
      });
      equal((await letter.publish()).size, 1);
      const found = await ndk.fetchEvents({ kinds: [4] });
      deepEqual([...found].map(({ id }) => id), [letter.id]);
      for (const relay of ndk.pool.relays.values()) relay.disconnect();
      equal(await program.stop(), 0);
    },
  });
});
