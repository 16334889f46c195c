/**
 * Applesauce, the library of noStrudel, as the client of management.
 *
 * @see NIP-86, NIP-98
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Relay, RelayManagement } from "applesauce-relay";
import {
  type EventTemplate,
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
} from "nostr-tools/pure";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";

const admin = generateSecretKey();
const settings = [`access.admins=${getPublicKey(admin)}`, "signatures.workers=0"];

function managementBy(secret: Uint8Array, url: string): RelayManagement {
  return new RelayManagement(new Relay(url), {
    signEvent: (template: EventTemplate) => Promise.resolve(finalizeEvent(template, secret)),
  });
}

function note(by: Uint8Array, content: string) {
  return finalizeEvent({ kind: 1, created_at: 1_700_000_000, tags: [], content }, by);
}

for (const path of ["/", "/nostr"]) {
  Deno.test(`NIP86-06 Applesauce bans a key, lists it and lifts the ban at ${path}`, async () => {
    await using relay = await startRelay({
      database: "memory:",
      settings: [...settings, `network.path=${path}`],
    });
    await using client = await RelayClient.connect(relay.url);
    const management = managementBy(admin, relay.url);
    const spammer = generateSecretKey();
    const pubkey = getPublicKey(spammer);

    const methods = await management.supportedMethods();
    for (const method of ["banpubkey", "listbannedpubkeys", "allowpubkey", "unblockip"]) {
      ok(methods.includes(method), method);
    }
    equal((await client.publish(note(spammer, "first")))?.accepted, true);
    equal(await management.banPubkey(pubkey, "spam"), true);
    deepEqual(await management.listBannedPubkeys(), [{ pubkey, reason: "spam" }]);
    equal((await client.publish(note(spammer, "second")))?.reason, "blocked: this key is banned");
    // The library has no unbanpubkey: it lifts a ban by allowing the key.
    equal(await management.allowPubkey(pubkey), true);
    // The same call again within a second: its event may have the same id, but not the signature.
    deepEqual(await management.listBannedPubkeys(), []);
    deepEqual(await management.listBannedPubkeys(), []);
    equal((await client.publish(note(spammer, "third")))?.accepted, true);

    equal(await management.blockIp("192.0.2.1", "floods"), true);
    deepEqual(await management.listBlockedIps(), [{ ip: "192.0.2.1", reason: "floods" }]);
    equal(await management.unblockIp("192.0.2.1"), true);
    deepEqual(await management.listBlockedIps(), []);
    await client.close();
    equal(await relay.stop(), 0);
  });
}

Deno.test("NIP86 Applesauce changes nothing with a key that is no administrator's", async () => {
  await using relay = await startRelay({ database: "memory:", settings });
  const pubkey = getPublicKey(generateSecretKey());
  const stranger = managementBy(generateSecretKey(), relay.url);
  await rejects(stranger.banPubkey(pubkey, "spam"), { statusCode: 403 });
  deepEqual(await managementBy(admin, relay.url).listBannedPubkeys(), []);
  equal(await relay.stop(), 0);
});
