/**
 * The relay's own key, of the real program.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { startRelay } from "../kit/running_relay.ts";

async function selfOf(url: string): Promise<unknown> {
  const headers = { accept: "application/nostr+json" };
  const response = await fetch(url.replace("ws:", "http:"), { headers });
  return (await response.json()).self;
}

Deno.test("NIP11-06 the key in a file is the relay's own at each start", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${"0".repeat(63)}1\n`, { mode: 0o600 });
    for (let start = 0; start < 2; start++) {
      await using relay = await startRelay({
        database: "memory:",
        settings: [`relay.key_file=${file}`],
      });
      equal(
        await selfOf(relay.url),
        // The generator point of secp256k1.
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
      );
      equal(await relay.stop(), 0);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("without a key the document has no self", async () => {
  await using relay = await startRelay({ database: "memory:" });
  equal(await selfOf(relay.url), undefined);
  equal(await relay.stop(), 0);
});
