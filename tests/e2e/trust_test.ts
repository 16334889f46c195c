/**
 * A web of trust in the real program.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import {
  type EventTemplate,
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
} from "nostr-tools/pure";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";

const AT_S = 1_700_000_000;
const note: EventTemplate = { kind: 1, created_at: AT_S, tags: [], content: "hello" };

Deno.test("whom the root follows may write, and strangers may not", async () => {
  const [root, friend, stranger] = [generateSecretKey(), generateSecretKey(), generateSecretKey()];
  const settings = [`access.trust_roots=${getPublicKey(root)}`, "access.trust_refresh_s=10"];
  await using relay = await startRelay({ database: "memory:", settings });
  await using client = await RelayClient.connect(relay.url);
  const publish = (key: Uint8Array, template: EventTemplate) =>
    client.publish(finalizeEvent(template, key));
  const follows = [["p", getPublicKey(friend)]];
  equal((await publish(root, { ...note, kind: 3, tags: follows }))?.accepted, true);
  match((await publish(stranger, note))!.reason, /^restricted: /);
  const sinceMs = Date.now();
  for (let at = 0; Date.now() - sinceMs < 30_000; at++) {
    if ((await publish(friend, { ...note, created_at: AT_S + at }))?.accepted) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const filter = {
    tags: new Map(),
    kinds: new Set([1]),
    authors: new Set([getPublicKey(stranger)]),
  };
  deepEqual(await client.query([filter]), []);
  equal((await client.query([{ tags: new Map(), kinds: new Set([1]) }])).length, 1);
  await client.close();
  equal(await relay.stop(), 0);
});
